"""Google Data Manager as a destination, over HTTP, against a stand-in that holds it to Google's own contract."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import duckdb
import httpx
import pytest

from cohorte.activation.forms import NORMAL_FORMS
from cohorte.credentials import Credentials
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
from cohorte.destinations.google_data_manager import GoogleDataManager, identifier, normal_email, receipts
from sandbox.google.discovery import DATA_MANAGER, DATA_MANAGER_SHA256, document_path

NAME = "google_data_manager_default"
DENIED = "PROCESSING_ERROR_REASON_DENIED_CONSENT"
MALFORMED = "PROCESSING_ERROR_REASON_INVALID_FORMAT"
INTERNAL = "PROCESSING_ERROR_REASON_INTERNAL_ERROR"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def credentials(sandbox: Any) -> Credentials:
    return Credentials.from_mapping(NAME, sandbox.connections[NAME])


@pytest.fixture
def google(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleDataManager]:
    monkeypatch.setattr(GoogleDataManager, "first_pause", 0.0)
    with closing(GoogleDataManager(credentials)) as destination:
        yield destination


@pytest.fixture
def direct(google: GoogleDataManager, credentials: Credentials) -> Iterator[httpx.Client]:
    """What somebody does in Google Ads, or a careless program."""
    headers = {"Authorization": f"Bearer {google.token()}"}
    with httpx.Client(base_url=f"{credentials.host}/v1/", headers=headers) as client:
        yield client


def control(sandbox: Any, path: str, body: dict[str, Any]) -> None:
    httpx.post(f"{sandbox.url}/_control/{path}", json=body).raise_for_status()


def members(sandbox: Any, name: str) -> set[str]:
    return set(httpx.get(f"{sandbox.url}/_control/state/google_data_manager").json()["lists"][name])


def people(*emails: str, stage: str = "ingest", audience: Audience) -> Batch:
    operation: Any = "remove" if stage == "remove" else "add"
    return Batch(stage, audience, [Row(operation, email) for email in emails])


def test_the_contract_is_the_document_that_was_read() -> None:
    assert hashlib.sha256(document_path(DATA_MANAGER).read_bytes()).hexdigest() == DATA_MANAGER_SHA256


def test_a_list_is_made_filled_and_emptied(sandbox: Any, google: GoogleDataManager) -> None:
    audience = google.open_audience("Shoppers")
    assert audience.is_new and not google.open_audience("Shoppers").is_new
    sent = google.send(people("Ann@Example.com", "b.o.b+x@gmail.com", "+15550100199", audience=audience))
    assert [receipt.state for receipt in sent] == ["accepted"] * 3
    assert members(sandbox, "Shoppers") == {sha256("ann@example.com"), sha256("bob@gmail.com"), sha256("+15550100199")}
    leaving = people("ann@example.com", "stranger@a.example", "no@where", stage="remove", audience=audience)
    for _ in range(2):  # who is not there is as good as removed
        assert [receipt.state for receipt in google.send(leaving)] == ["accepted"] * 3
    assert members(sandbox, "Shoppers") == {sha256("bob@gmail.com"), sha256("+15550100199")}


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("  Dana@Example.com ", "dana@example.com"),
        ("alex j@cymbalgroup.com", "alexj@cymbalgroup.com"),
        ("cloudy.sanFrancisco+shopping@gmail.com", "cloudysanfrancisco@gmail.com"),
        ("Baklava.In@GoogleMail.com\t", "baklavain@googlemail.com"),
        ("user.name+NYC@Example.com", "user.name+nyc@example.com"),
        ("a.b@notgmail.com", "a.b@notgmail.com"),
    ],
)
def test_the_normal_form_is_googles_and_the_plan_knows_it(given: str, normal: str) -> None:
    assert normal_email(given) == normal
    assert identifier(Row("add", given)) == {"emailAddress": sha256(normal)}
    query = f"select {NORMAL_FORMS[GoogleDataManager.key_form].format('key')} from (select ? as key)"
    assert duckdb.execute(query, [given]).fetchall() == [(normal,)]


def test_a_malformed_key_is_refused_before_it_becomes_a_hash(sandbox: Any, google: GoogleDataManager) -> None:
    audience = google.open_audience("Mixed")
    bad, good = google.send(people("no@where", "good@example.com", audience=audience))
    assert (good.state, bad.state) == ("accepted", "rejected")
    assert members(sandbox, "Mixed") == {sha256("good@example.com")}


def test_a_member_that_fails_in_processing_is_refused_and_no_other(sandbox: Any, google: GoogleDataManager) -> None:
    audience = google.open_audience("Partial")
    counts = [
        {"reason": MALFORMED, "recordCount": "1", "recordIndices": [1]},
        {"reason": INTERNAL, "recordCount": "1", "recordIndices": [2]},
    ]
    control(sandbox, "google_data_manager/errors", {"errorCounts": counts})
    sent = google.send(people("a@example.com", "b@example.com", "c@example.com", audience=audience))
    assert [(r.state, r.reason) for r in sent] == [("accepted", None), ("rejected", MALFORMED), ("retry", INTERNAL)]
    assert members(sandbox, "Partial") == {sha256("a@example.com")}


def test_failures_without_names_are_left_to_halving(sandbox: Any, google: GoogleDataManager) -> None:
    audience = google.open_audience("Nameless")
    control(sandbox, "google_data_manager/errors", {"errorCounts": [{"reason": MALFORMED, "recordCount": "1"}]})
    with pytest.raises(Refused, match=f"PARTIAL_SUCCESS: 1 {MALFORMED} of 2"):
        google.send(people("a@example.com", "b@example.com", audience=audience))


def test_a_request_that_fails_altogether_is_sent_again(sandbox: Any, google: GoogleDataManager) -> None:
    audience = google.open_audience("Failing")
    control(sandbox, "google_data_manager/errors", {"errorCounts": [{"reason": INTERNAL, "recordCount": "1"}]})
    with pytest.raises(Unavailable, match="INTERNAL_ERROR"):
        google.send(people("a@example.com", audience=audience))
    assert [r.state for r in google.send(people("a@example.com", audience=audience))] == ["accepted"]


def test_denied_consent_refuses_everybody(sandbox: Any, credentials: Credentials, google: GoogleDataManager) -> None:
    google.consent = "CONSENT_DENIED"
    sent = google.send(people("a@example.com", "b@example.com", audience=google.open_audience("Denied")))
    assert [(r.state, r.reason) for r in sent] == [("rejected", DENIED)] * 2
    assert members(sandbox, "Denied") == set()


def test_a_failure_of_part_of_a_request_that_did_nothing_is_halved() -> None:
    counts = [{"reason": MALFORMED, "recordCount": "1", "recordIndices": [0]}]
    with pytest.raises(Refused, match="FAILED"):
        receipts({"requestStatus": "FAILED", "errorInfo": {"errorCounts": counts}}, 2)


def test_a_slow_request_is_asked_after_and_not_sent_twice(
    sandbox: Any, google: GoogleDataManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GoogleDataManager, "patience", -1.0)
    audience = google.open_audience("Slow")
    batch = people("a@example.com", audience=audience)
    calls = google.api_calls
    with pytest.raises(Unavailable, match="still"):
        google.send(batch)
    assert [r.state for r in google.send(batch)] == ["accepted"]
    assert google.api_calls - calls == 3  # one request, two looks at it


def test_ten_thousand_fit_and_one_more_is_refused(sandbox: Any, google: GoogleDataManager) -> None:
    audience = google.open_audience("Many")
    emails = [f"p{n}@example.com" for n in range(10_001)]
    with pytest.raises(Refused, match="TOO_MANY_AUDIENCE_MEMBERS"):
        google.send(people(*emails, audience=audience))
    google.send(people(*emails[:10_000], audience=audience))
    assert len(members(sandbox, "Many")) == 10_000


def test_a_deleted_list_is_noticed(google: GoogleDataManager, direct: httpx.Client) -> None:
    audience = google.open_audience("Short-lived")
    direct.delete(f"{google.parent.removeprefix('/v1/')}/{audience.external_id}").raise_for_status()
    for stage in ("ingest", "remove"):
        with pytest.raises(AudienceGone, match="Short-lived"):
            google.send(people("a@example.com", stage=stage, audience=audience))


def test_an_expired_token_is_replaced_in_mid_run(sandbox: Any, google: GoogleDataManager) -> None:
    audience = google.open_audience("Long")
    old = google.token()
    control(sandbox, "faults", {"platform": "google_data_manager", "kind": "expire_token"})
    assert [r.state for r in google.send(people("a@example.com", audience=audience))] == ["accepted"]
    assert google.token() != old


def test_what_the_connection_may_not_do_is_refused_access(credentials: Credentials) -> None:
    stranger = dict(credentials.extra["keyfile_dict"]) | {"client_email": "stranger@a.example"}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"account_id": "1"}, "403"),
        ({"customer_match_terms": "REJECTED"}, "TERMS_AND_CONDITIONS_NOT_SIGNED"),
        ({"keyfile_dict": stranger}, "invalid_grant"),
    ]
    for extra, words in wrong:
        other = replace(credentials, extra=dict(credentials.extra) | extra)
        with closing(GoogleDataManager(other)) as google, pytest.raises(AccessRefused, match=words):
            google.send(people("a@example.com", audience=google.open_audience("Nobody")))


def test_a_field_could_never_be_taken_back_and_is_not_sent(google: GoogleDataManager) -> None:
    rows = [Row("add", "a@example.com", {"phone": "+15550100199"})]
    with pytest.raises(DestinationError, match="phone"):
        google.send(Batch("ingest", google.open_audience("Fields"), rows))


def test_the_rate_limit_throttles(google: GoogleDataManager) -> None:
    def hurry() -> None:
        for _ in range(301):
            google.open_audience("Hurry")

    with pytest.raises(Throttled, match="429"):
        hurry()


def member(**identifier: str) -> dict[str, Any]:
    return {"audienceMembers": [{"userData": {"userIdentifiers": [identifier]}}]}


MISSHAPEN: list[tuple[dict[str, Any], str]] = [
    (member(emailAddress="a@b.co"), "INVALID_HEX_ENCODING"),
    (member(emailAddress="ab12"), "INVALID_SHA256_FORMAT"),
    (member(email="ab12"), 'Unknown name "email"'),
    ({"audienceMembers": []}, "REQUIRED_FIELD_MISSING"),
    ({"encoding": "HEXADECIMAL"}, "TYPE_ENUM"),
    ({"encoding": "BASE64"}, "REQUIRED_FIELD_MISSING"),
    ({"audience": []}, 'Unknown name "audience"'),
]


def test_a_misshapen_request_is_refused(google: GoogleDataManager, direct: httpx.Client) -> None:
    audience = google.open_audience("Strict")
    good = {
        "destinations": [google.accounts | {"productDestinationId": audience.external_id}],
        "encoding": "HEX",
    } | member(emailAddress=sha256("a@b.co"))
    assert direct.post("/audienceMembers:remove", json=good).status_code == 200
    for change, reason in MISSHAPEN:
        answer = direct.post("/audienceMembers:remove", json=good | change)
        assert answer.status_code == 400 and reason in answer.text.replace('\\"', '"')
