"""Brevo as a destination, over HTTP, against a stand-in that refuses what Brevo refuses."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from cohorte.credentials import Credentials
from cohorte.destinations.base import AccessRefused, AudienceGone, Batch, Refused, Row, Throttled
from cohorte.destinations.brevo import Brevo
from sandbox.keys import keys


@pytest.fixture
def credentials(sandbox: Any) -> Credentials:
    return Credentials.from_mapping("brevo_default", sandbox.connections["brevo_default"])


@pytest.fixture
def brevo(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> Iterator[Brevo]:
    monkeypatch.setattr(Brevo, "first_pause", 0.0)
    destination = Brevo(credentials)
    yield destination
    destination.close()


@pytest.fixture
def direct(credentials: Credentials) -> Iterator[httpx.Client]:
    """What somebody does in Brevo's own interface."""
    with httpx.Client(base_url=f"{credentials.host}/v3/", headers={"api-key": credentials.password}) as client:
        yield client


def members(sandbox: Any, name: str) -> set[str]:
    return set(httpx.get(f"{sandbox.url}/_control/state/brevo").json()["lists"][name])


def test_a_list_is_made_filled_and_emptied(sandbox: Any, brevo: Brevo) -> None:
    audience = brevo.open_audience("Letters")
    assert audience.is_new and not brevo.open_audience("Letters").is_new
    rows = [Row("add", "ann@example.com", {"FIRSTNAME": "Ann"}), Row("add", "bob@example.com")]
    assert [r.state for r in brevo.send(Batch("import", audience, rows))] == ["accepted", "accepted"]
    assert members(sandbox, "Letters") == {"ann@example.com", "bob@example.com"}
    leaving = Batch("list", audience, [Row("remove", "ann@example.com"), Row("remove", "stranger@a.example")])
    for _ in range(2):  # the second time nobody is left to remove, which Brevo calls a 400
        assert [r.state for r in brevo.send(leaving)] == ["accepted", "accepted"]
    assert members(sandbox, "Letters") == {"bob@example.com"}


def test_an_opt_out_given_to_brevo_is_never_undone(brevo: Brevo, direct: httpx.Client) -> None:
    audience = brevo.open_audience("Careful")
    body = {"listIds": [int(audience.external_id)], "jsonBody": [{"email": "out@example.com"}], "emailBlacklist": True}
    direct.post("contacts/import", json=body).raise_for_status()
    brevo.send(Batch("import", audience, [Row("add", "out@example.com", {"FIRSTNAME": "Olga"})]))
    contact = direct.get("contacts/out@example.com").json()
    assert (contact["emailBlacklisted"], contact["attributes"]) == (True, {"FIRSTNAME": "Olga"})


def test_a_bad_row_does_not_keep_the_others_back(brevo: Brevo) -> None:
    audience = brevo.open_audience("Mixed")
    good, bad = brevo.send(Batch("import", audience, [Row("add", "good@example.com"), Row("add", "no@where")]))
    assert good.state == "accepted"
    assert bad.state == "rejected" and "invalid_emails" in (bad.reason or "")


def test_null_clears_an_attribute(brevo: Brevo, direct: httpx.Client) -> None:
    audience = brevo.open_audience("Clear")
    brevo.send(Batch("import", audience, [Row("add", "a@example.com", {"FIRSTNAME": "A", "LASTNAME": "B"})]))
    brevo.send(Batch("import", audience, [Row("update", "a@example.com", {"FIRSTNAME": None})]))
    assert direct.get("contacts/a@example.com").json()["attributes"] == {"LASTNAME": "B"}


def test_more_than_a_batch_is_refused(brevo: Brevo) -> None:
    rows = [Row("remove", f"p{n}@example.com") for n in range(151)]
    with pytest.raises(Refused, match="150"):
        brevo.send(Batch("list", brevo.open_audience("Many"), rows))


def test_an_import_above_the_safe_size_is_refused_before_it_is_sent(brevo: Brevo) -> None:
    audience = brevo.open_audience("Large")
    calls = brevo.api_calls
    with pytest.raises(Refused, match="8000000"):
        brevo.send(Batch("import", audience, [Row("add", "a@example.com", {"FIRSTNAME": "x" * 8_000_000})]))
    assert brevo.api_calls == calls


@pytest.mark.parametrize(("stage", "operation"), [("import", "add"), ("list", "remove")])
def test_a_deleted_list_is_noticed(brevo: Brevo, direct: httpx.Client, stage: str, operation: Any) -> None:
    audience = brevo.open_audience("Short-lived")
    direct.delete(f"contacts/lists/{audience.external_id}").raise_for_status()
    with pytest.raises(AudienceGone, match="Short-lived"):
        brevo.send(Batch(stage, audience, [Row(operation, "a@example.com")]))


def test_the_rate_limit_says_when_to_come_back(brevo: Brevo) -> None:
    def hurry() -> None:
        for _ in range(200):
            brevo.api.call("GET", "/v3/contacts/lists")

    with pytest.raises(Throttled, match="429") as throttled:
        hurry()
    assert throttled.value.seconds == 1.0


def test_a_wrong_key_is_refused_access(credentials: Credentials) -> None:
    wrong = Brevo(Credentials(name="brevo_default", host=credentials.host, password="wrong", extra=credentials.extra))
    with pytest.raises(AccessRefused, match="401"):
        wrong.open_audience("Nobody")
    wrong.close()


def test_an_unknown_field_is_refused(direct: httpx.Client) -> None:
    answer = direct.post("contacts/import", json={"jsonBody": [{"email": "a@example.com"}], "listId": [1]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert "listId" in answer.json()["message"]


def test_a_sandbox_made_before_brevo_gets_its_key_and_keeps_the_others(tmp_path: Path) -> None:
    made = asdict(keys(tmp_path))
    older = {name: value for name, value in made.items() if name != "brevo_key"}
    (tmp_path / "keys.json").write_text(json.dumps(older))
    completed = asdict(keys(tmp_path))
    assert completed.pop("brevo_key") and completed == older
    assert asdict(keys(tmp_path)) == asdict(keys(tmp_path))
