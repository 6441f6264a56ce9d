"""The Brevo stand-in, through plain HTTP: what it refuses, and in which words."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.server import Running

EXPORT = {"type": "marketing", "event": "allEvents", "notifyURL": "https://hooks.example.com/"}


@pytest.fixture
def brevo(http: Callable[..., httpx.Client], sandbox: Running) -> httpx.Client:
    connection = sandbox.connections["brevo_default"]
    return http(f"{connection['host']}/v3", headers={"api-key": connection["password"]})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (EXPORT, "either days, or startDate and endDate"),
        (EXPORT | {"days": 7, "startDate": "2017-11-01"}, "either days, or startDate and endDate"),
        (EXPORT | {"startDate": "2017-11-01"}, "either days, or startDate and endDate"),
        (EXPORT | {"startDate": "2017-11-02", "endDate": "2017-11-01"}, "startDate is after endDate"),
        (EXPORT | {"startDate": "01/11/2017", "endDate": "2017-11-01"}, "YYYY-MM-DD"),
        (EXPORT | {"days": 7, "columns": "all"}, "unknown field columns"),
        ({"type": "marketing", "event": "allEvents", "days": 7}, "notifyURL is missing"),
    ],
)
def test_an_export_is_asked_for_as_documented(brevo: httpx.Client, body: dict[str, Any], says: str) -> None:
    answer = brevo.post("/webhooks/export", json=body)
    assert answer.status_code == 400
    assert says in answer.json()["message"]


def test_an_export_is_a_process_and_then_a_file(brevo: httpx.Client) -> None:
    process = brevo.post("/webhooks/export", json=EXPORT | {"days": 30}).json()["processId"]
    assert brevo.get(f"/processes/{process}").json()["status"] == "queued"
    done = brevo.get(f"/processes/{process}").json()
    assert done["status"] == "completed"
    header = httpx.get(done["export_url"]).text.splitlines()[0].split(",")
    assert {"event", "email", "camp_id", "ts_event"} <= set(header)


@pytest.mark.parametrize("query", [{"limit": 1001}, {"limit": 0}, {"offset": -1}, {"page": 2}, {"sort": "newest"}])
def test_contacts_take_what_is_documented(brevo: httpx.Client, query: dict[str, Any]) -> None:
    assert brevo.get("/contacts", params=query).status_code == 400


def test_ten_requests_a_second_and_no_more(brevo: httpx.Client) -> None:
    answers = [brevo.get("/contacts", params={"limit": 1}) for _ in range(30)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and {answer.status_code for answer in answers} == {200, 429}
    assert refused[0].headers["x-sib-ratelimit-reset"] == "1"
    assert refused[0].headers["x-sib-ratelimit-remaining"] == "0"


def test_a_wrong_key_is_refused(brevo: httpx.Client) -> None:
    answer = brevo.get("/contacts", headers={"api-key": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
