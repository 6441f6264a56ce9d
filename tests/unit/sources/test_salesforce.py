"""Salesforce's answers that its stand-in does not give."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cohorte.credentials import Credentials
from cohorte.sources import salesforce
from cohorte.sources.base import SourceError, Window
from cohorte.sources.salesforce import Salesforce

WINDOW = Window(datetime(2017, 1, 1, tzinfo=UTC), datetime(2017, 2, 1, tzinfo=UTC))
FIELDS = {"Id": "id", "Amount": "currency", "Billing": "address", "SystemModstamp": "datetime"}
HEADER = '"Id","Amount","SystemModstamp"\n'
ROW = '"1","2.5","2017-01-05T00:00:00.000Z"\n'

Answer = Callable[[httpx.Request], httpx.Response]


class Org:
    """An org with one object: `states` of its job in turn, and its pages of results by locator."""

    def __init__(
        self, states: list[dict[str, Any]] | None = None, pages: dict[str, tuple[str, int, str]] | None = None
    ):
        self.states = states or [{"state": "JobComplete"}]
        self.pages = pages or {"": (HEADER + ROW, 1, "null")}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        if path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "session"})
        if path.endswith("/describe"):
            return httpx.Response(200, json={"fields": [{"name": n, "type": kind} for n, kind in FIELDS.items()]})
        if path.endswith("/results"):
            text, count, following = self.pages[request.url.params.get("locator", "")]
            headers = {"Sforce-Locator": following, "Sforce-NumberOfRecords": str(count)}
            return httpx.Response(200, text=text, headers=headers)
        if request.method == "GET":
            return httpx.Response(200, json=self.states.pop(0) if len(self.states) > 1 else self.states[0])
        return httpx.Response(200, json={"id": "750"})

    def source(self) -> Salesforce:
        extra = {"instance_url": "http://org", "consumer_key": "key", "consumer_secret": "secret"}
        made = Salesforce(Credentials(name="salesforce_default", extra=extra))
        made.http.client = httpx.Client(
            base_url="http://org/services/data/v60.0", auth=made.http.client.auth, transport=httpx.MockTransport(self)
        )
        made.http.sleep = lambda seconds: None
        return made

    def read(self) -> list[dict[str, Any]]:
        source = self.source()
        return [row for batch in source.read(source.streams[0], WINDOW) for row in batch.to_pylist()]


def test_it_asks_for_all_fields_a_bulk_query_can_hold_and_deleted_records() -> None:
    org = Org()
    assert org.read() == [{"Id": "1", "Amount": 2.5, "SystemModstamp": datetime(2017, 1, 5, tzinfo=UTC)}]
    (job,) = [request for request in org.requests if request.url.path.endswith("/jobs/query")]
    assert b'"operation":"queryAll"' in job.content
    assert (
        b"SELECT Id, Amount, SystemModstamp FROM Contact "
        b"WHERE SystemModstamp >= 2017-01-01T00:00:00Z AND SystemModstamp < 2017-02-01T00:00:00Z" in job.content
    )


def test_the_job_is_deleted_once_it_is_read() -> None:
    org = Org()
    org.read()
    assert (org.requests[-1].method, org.requests[-1].url.path[-15:]) == ("DELETE", "/jobs/query/750")


def test_columns_in_another_order_keep_their_values() -> None:
    org = Org(pages={"": ('"Amount","Id","SystemModstamp"\n"2.5","1",""\n', 1, "null")})
    assert org.read() == [{"Amount": 2.5, "Id": "1", "SystemModstamp": None}]


def test_a_job_that_takes_its_time_is_waited_for() -> None:
    assert len(Org(states=[{"state": "InProgress"}] * 50 + [{"state": "JobComplete"}]).read()) == 1


def test_a_job_that_fails_says_why() -> None:
    org = Org(states=[{"state": "Failed", "errorMessage": "QUERY_TIMEOUT: too long"}])
    with pytest.raises(SourceError, match=r"salesforce.contact: job 750 ended as Failed: QUERY_TIMEOUT: too long"):
        org.read()


def test_a_job_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salesforce, "JOB_SECONDS", 0.01)
    with pytest.raises(SourceError, match=r"salesforce.contact: job 750 is not done"):
        Org(states=[{"state": "InProgress"}]).read()


@pytest.mark.parametrize(
    ("pages", "says"),
    [
        ({"": (HEADER + ROW, 2, "null")}, "1 records instead of the 2 promised"),
        ({"": (HEADER + ROW + '"2","1.0,""\n"3","1.0",""\n', 3, "null")}, "instead of the 3 promised"),
        ({"": (HEADER + ROW, 1, "a"), "a": (HEADER + ROW, 1, "a")}, "repeats its page"),
        ({"": ('"Id"\n"1"\n', 1, "null")}, "asked for .*Amount.*, got .*Id"),
    ],
    ids=["a record is missing", "a quote is broken", "a locator comes again", "a field is missing"],
)
def test_results_that_do_not_add_up_are_an_error(pages: dict[str, tuple[str, int, str]], says: str) -> None:
    with pytest.raises(SourceError, match=f"salesforce.contact: .*{says}"):
        Org(pages=pages).read()


def test_a_bad_record_counts_as_promised() -> None:
    org = Org(pages={"": (HEADER + ROW + '"2","two",""\n', 2, "null")})
    assert [row["Id"] for row in org.read()] == ["1"]


def test_an_object_everybody_has_is_not_looked_for() -> None:
    org = Org()
    org.read()
    assert not [request for request in org.requests if request.url.path.endswith("/sobjects")]
