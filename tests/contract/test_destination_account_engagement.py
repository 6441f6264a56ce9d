"""Account Engagement as a destination, over HTTP, against a stand-in that refuses what Account Engagement refuses."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from cohorte.credentials import Credentials
from cohorte.destinations import account_engagement
from cohorte.destinations.account_engagement import SPENT_PAUSE, AccountEngagement
from cohorte.destinations.base import (
    AccessRefused,
    Audience,
    AudienceGone,
    Batch,
    DestinationError,
    Refused,
    Row,
    Throttled,
    Unavailable,
)
from cohorte.salesforce_oauth import SalesforceAuth
from sandbox import mail

OBJECTS = "/api/v5/objects"


@pytest.fixture
def credentials(sandbox: Any) -> Credentials:
    return Credentials.from_mapping("account_engagement_default", sandbox.connections["account_engagement_default"])


@pytest.fixture
def destination(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> Iterator[AccountEngagement]:
    monkeypatch.setattr(AccountEngagement, "first_pause", 0.0)
    made = AccountEngagement(credentials)
    yield made
    made.close()


@pytest.fixture
def direct(credentials: Credentials) -> Iterator[httpx.Client]:
    """What somebody does there without us."""
    headers = {"Pardot-Business-Unit-Id": credentials.required("business_unit_id")}
    auth = SalesforceAuth(credentials, RuntimeError)
    with httpx.Client(base_url=credentials.host, headers=headers, auth=auth) as client:
        yield client


@pytest.fixture
def audience(destination: AccountEngagement) -> Audience:
    return destination.open_audience("Letters")


def members(sandbox: Any, name: str = "Letters") -> set[str]:
    return set(httpx.get(f"{sandbox.url}/_control/state/account_engagement").json()["lists"][name])


def prospect(direct: httpx.Client, email: str, fields: str = "id,email,firstName,lastName,optedOut") -> dict[str, Any]:
    (found,) = direct.get(f"{OBJECTS}/prospects", params={"fields": fields, "email": email}).json()["values"]
    return dict(found)


def states(destination: AccountEngagement, stage: str, audience: Audience, *rows: Row) -> list[str]:
    return [receipt.state for receipt in destination.send(Batch(stage, audience, rows))]


def test_a_list_is_made_filled_and_emptied(sandbox: Any, destination: AccountEngagement) -> None:
    audience = destination.open_audience("Letters")
    assert audience.is_new and not destination.open_audience("Letters").is_new
    ann, bob = Row("add", "ann@example.com", {"firstName": "Ann, or Annie"}), Row("add", "bob@example.com")
    assert states(destination, "add", audience, ann, bob) == ["accepted", "accepted"]
    assert states(destination, "add", audience, ann, bob) == ["accepted", "accepted"]
    assert members(sandbox) == {"ann@example.com", "bob@example.com"}
    leaving = [Row("remove", "ann@example.com"), Row("remove", "stranger@example.com")]
    for _ in range(2):
        assert states(destination, "remove", audience, *leaving) == ["accepted", "accepted"]
    assert members(sandbox) == {"bob@example.com"}


def test_a_removal_makes_nobody(destination: AccountEngagement, audience: Audience, direct: httpx.Client) -> None:
    states(destination, "remove", audience, Row("remove", "nobody@example.com", {"firstName": None}))
    found = direct.get(f"{OBJECTS}/prospects", params={"fields": "id", "email": "nobody@example.com"}).json()
    assert found["values"] == []


def test_ten_thousand_people_cost_three_calls(sandbox: Any, destination: AccountEngagement, audience: Audience) -> None:
    before = destination.api_calls
    rows = [Row("add", f"p{n}@example.com", {"firstName": f"Name{n}"}) for n in range(10_000)]
    assert set(states(destination, "add", audience, *rows)) == {"accepted"}
    assert destination.api_calls - before == 3
    assert len(members(sandbox)) == 10_000


def test_an_opt_out_given_there_is_never_undone(
    destination: AccountEngagement, audience: Audience, direct: httpx.Client
) -> None:
    body = {"matchEmail": "out@example.com", "prospect": {"optedOut": True}, "fields": ["id"]}
    direct.post(f"{OBJECTS}/prospects/do/upsertLatestByEmail", json=body).raise_for_status()
    states(destination, "add", audience, Row("add", "out@example.com", {"firstName": "Olga"}))
    found = prospect(direct, "out@example.com")
    assert (found["optedOut"], found["firstName"]) == (True, "Olga")
    with pytest.raises(DestinationError, match="optedOut cannot be mapped"):
        states(destination, "add", audience, Row("add", "out@example.com", {"optedOut": False}))


def test_a_reader_of_the_newsletter_is_matched_and_keeps_the_opt_out(
    destination: AccountEngagement, audience: Audience, direct: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = {"left_why": "complaint", "left_at": datetime(2017, 11, 1), "changed_at": datetime(2017, 11, 1)}
    shown = mail.subscribers
    monkeypatch.setattr(mail, "subscribers", lambda *args: [reader | gone for reader in shown(*args)])
    reader = direct.get(f"{OBJECTS}/prospects", params={"fields": "id,email,optedOut"}).json()["values"][0]
    states(destination, "add", audience, Row("add", reader["email"], {"lastName": "Same"}))
    found = prospect(direct, reader["email"])
    assert (found["id"], found["optedOut"], found["lastName"]) == (reader["id"], True, "Same")


def test_a_bad_row_does_not_keep_the_others_back(destination: AccountEngagement, audience: Audience) -> None:
    rows = [Row("add", "good@example.com"), Row("add", "no@where")]
    good, bad = destination.send(Batch("add", audience, rows))
    assert good.state == "accepted"
    assert (bad.state, bad.reason) == ("rejected", "Invalid prospect email address")


def test_null_clears_and_absence_leaves_alone(
    sandbox: Any, destination: AccountEngagement, audience: Audience, direct: httpx.Client
) -> None:
    ann = {"firstName": "A", "lastName": "B"}
    rows = [Row("add", "ann@example.com", ann), Row("add", "bob@example.com", ann)]
    states(destination, "add", audience, *rows)
    before = destination.api_calls
    states(
        destination,
        "add",
        audience,
        Row("update", "ann@example.com", {"firstName": None, "lastName": "C"}),
        Row("update", "bob@example.com", {"lastName": "D"}),
    )
    assert destination.api_calls - before == 6
    shown = [(found["firstName"], found["lastName"]) for found in (prospect(direct, row.key) for row in rows)]
    assert shown == [(None, "C"), ("A", "D")]
    states(destination, "remove", audience, Row("remove", "bob@example.com", {"firstName": None, "lastName": None}))
    found = prospect(direct, "bob@example.com")
    assert (found["firstName"], found["lastName"]) == (None, None)
    assert members(sandbox) == {"ann@example.com"}


def test_a_campaign_is_given_to_new_people_only(credentials: Credentials, direct: httpx.Client) -> None:
    extra = {**credentials.extra, "campaign_id": 17}
    made = AccountEngagement(Credentials(name="x", host=credentials.host, extra=extra))
    made.first_pause = 0.0  # type: ignore[misc]
    body = {"matchEmail": "old@example.com", "prospect": {"campaignId": "3"}, "fields": ["id"]}
    direct.post(f"{OBJECTS}/prospects/do/upsertLatestByEmail", json=body).raise_for_status()
    states(made, "add", made.open_audience("Letters"), Row("add", "old@example.com"), Row("add", "new@example.com"))
    made.close()
    found = [prospect(direct, f"{who}@example.com", "campaignId")["campaignId"] for who in ("old", "new")]
    assert found == ["3", "17"]


def test_an_unknown_field_is_refused_with_its_name(destination: AccountEngagement, audience: Audience) -> None:
    with pytest.raises(Refused, match=r"code 130.*shoe_size"):
        states(destination, "add", audience, Row("add", "a@example.com", {"shoe_size": 43}))


def test_a_file_above_the_limit_is_refused_before_it_is_sent(
    destination: AccountEngagement, audience: Audience
) -> None:
    calls = destination.api_calls
    with pytest.raises(Refused, match="10000000"):
        states(destination, "add", audience, Row("add", "a@example.com", {"firstName": "x" * 10_000_000}))
    assert destination.api_calls == calls


@pytest.mark.parametrize(("stage", "operation"), [("add", "add"), ("remove", "remove")])
def test_a_deleted_list_is_noticed(
    destination: AccountEngagement, audience: Audience, direct: httpx.Client, stage: str, operation: Any
) -> None:
    row = Row("add", "a@example.com")
    states(destination, "add", audience, row)
    direct.delete(f"{OBJECTS}/lists/{audience.external_id}").raise_for_status()
    with pytest.raises(AudienceGone, match="Letters"):
        known = Audience(audience.name, audience.external_id)
        states(destination, stage, known, Row(operation, "a@example.com"))


def test_a_spent_quota_is_not_waited_for(sandbox: Any, destination: AccountEngagement) -> None:
    httpx.post(f"{sandbox.url}/_control/account_engagement/quota", json={"left": 0}).raise_for_status()
    with pytest.raises(Throttled, match="code 122") as throttled:
        destination.open_audience("Letters")
    assert throttled.value.seconds == SPENT_PAUSE


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"kind": "status", "status": 429}, Throttled),
        ({"kind": "status", "status": 500}, Unavailable),
        ({"kind": "status", "status": 403}, AccessRefused),
    ],
)
def test_what_a_code_means(
    sandbox: Any, destination: AccountEngagement, fault: dict[str, Any], raised: type[Exception]
) -> None:
    planted = {"platform": "account_engagement"} | fault
    httpx.post(f"{sandbox.url}/_control/faults", json=planted).raise_for_status()
    with pytest.raises(raised, match="code"):
        destination.open_audience("Letters")


def test_a_session_that_expires_is_renewed(sandbox: Any, destination: AccountEngagement, audience: Audience) -> None:
    planted = {"platform": "account_engagement", "kind": "expire_token"}
    httpx.post(f"{sandbox.url}/_control/faults", json=planted).raise_for_status()
    assert states(destination, "add", audience, Row("add", "a@example.com")) == ["accepted"]


def test_wrong_credentials_are_refused_access(credentials: Credentials) -> None:
    for wrong, said in (({"consumer_secret": "wrong"}, "token refused"), ({"business_unit_id": "0Uv1"}, "code 201")):
        extra = {**credentials.extra, **wrong}
        made = AccountEngagement(Credentials(name="x", host=credentials.host, extra=extra))
        with pytest.raises(AccessRefused, match=said):
            made.open_audience("Nobody")
        made.close()


def test_an_import_that_takes_too_long_is_cancelled(
    destination: AccountEngagement, audience: Audience, direct: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as impatient, pytest.raises(Unavailable, match="still Waiting"):
        impatient.setattr(AccountEngagement, "patience", -1.0)
        states(destination, "add", audience, Row("add", "a@example.com"))
    assert direct.get("/api/v5/imports/1", params={"fields": "status"}).json() == {"status": "Canceled"}
    with pytest.raises(Unavailable, match="ended as Canceled"):
        destination._failed(1)
    assert states(destination, "add", audience, Row("add", "a@example.com")) == ["accepted"]


def test_whom_an_import_cannot_take_off_goes_by_membership(
    sandbox: Any,
    destination: AccountEngagement,
    audience: Audience,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setattr(account_engagement, "PAGE", 2)
    states(destination, "add", audience, *(Row("add", f"p{n}@example.com") for n in range(5)))
    leaving = [Row("remove", f"{who}@example.com") for who in ("p1", "p4", "stranger")]
    with monkeypatch.context() as broken:
        broken.setattr(AccountEngagement, "_failed", lambda self, import_id: 3)
        broken.setattr(AccountEngagement, "_refused", lambda *args: {row.key: "for some reason" for row in leaving})
        broken.setattr(AccountEngagement, "_table", lambda *args: [["matchEmail"], ["nobody@example.com"]])
        assert states(destination, "remove", audience, *leaving) == ["accepted"] * 3
    assert members(sandbox) == {"p0@example.com", "p2@example.com", "p3@example.com"}
    assert "@example.com" not in caplog.text


def test_errors_that_name_too_few_are_found_by_halving(
    destination: AccountEngagement, audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AccountEngagement, "_failed", lambda self, import_id: 1)
    with pytest.raises(Refused, match="names 0"):
        states(destination, "add", audience, Row("add", "a@example.com"))
