"""Meta Custom Audiences as a destination, over HTTP, against a stand-in that refuses what Meta refuses."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.helpers.customaudiencemixin import CustomAudienceMixin
from facebook_business.apiconfig import ads_api_config

from cohorte.credentials import Credentials
from cohorte.destinations.base import (
    AccessRefused,
    AudienceGone,
    Batch,
    DestinationError,
    Refused,
    Row,
    Throttled,
    Unavailable,
)
from cohorte.destinations.meta_custom_audiences import VERSION, MetaCustomAudiences, failure, hashed, identifiers


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def credentials(sandbox: Any) -> Credentials:
    name = "meta_custom_audiences_default"
    return Credentials.from_mapping(name, sandbox.connections[name])


@pytest.fixture
def meta(credentials: Credentials) -> Iterator[MetaCustomAudiences]:
    destination = MetaCustomAudiences(credentials)
    yield destination
    destination.close()


@pytest.fixture
def direct(credentials: Credentials) -> Iterator[httpx.Client]:
    """What somebody does in Ads Manager, or a careless program."""
    headers = {"Authorization": f"Bearer {credentials.password}"}
    with httpx.Client(base_url=f"{credentials.host}/{VERSION}/", headers=headers) as client:
        yield client


def members(sandbox: Any, name: str) -> set[str]:
    return set(httpx.get(f"{sandbox.url}/_control/state/meta_custom_audiences").json()["audiences"][name])


def test_an_audience_is_made_filled_and_emptied(sandbox: Any, meta: MetaCustomAudiences) -> None:
    audience = meta.open_audience("Shoppers")
    assert audience.is_new and not meta.open_audience("Shoppers").is_new
    rows = [Row("add", "ann@example.com", {"FN": "Ann", "PHONE": None}), Row("update", "bob@example.com")]
    assert [r.state for r in meta.send(Batch("add", audience, rows))] == ["accepted", "accepted"]
    assert members(sandbox, "Shoppers") == {sha256("ann@example.com"), sha256("bob@example.com")}
    leaving = Batch("remove", audience, [Row("remove", " Ann@Example.com "), Row("remove", "stranger@a.example")])
    for _ in range(2):  # who is not there is as good as removed
        assert [r.state for r in meta.send(leaving)] == ["accepted", "accepted"]
    assert members(sandbox, "Shoppers") == {sha256("bob@example.com")}


def test_an_audience_is_found_behind_the_first_page(meta: MetaCustomAudiences) -> None:
    for n in range(101):
        meta._create(f"Audience {n}")
    assert not meta.open_audience("Audience 100").is_new


@pytest.mark.parametrize(
    ("name", "value", "normal"),
    [
        ("EMAIL", " Jane.Doe+News@Example.COM ", "jane.doe+news@example.com"),
        ("PHONE", "+1 (555) 010-0199", "15550100199"),
        ("PHONE", "0044 20 7946 0018", "442079460018"),
        ("FN", "Mary-Jane ", "maryjane"),
        ("LN", "Müller", "müller"),
        ("CT", "New York", "newyork"),
        ("ST", "NY", "ny"),
        ("ZIP", "10001-1234", "10001"),
        ("ZIP", "SW1A 1AA", "sw1a1aa"),
        ("COUNTRY", "US", "us"),
        ("GEN", "Female", "f"),
        ("DOBY", "1985-03-07", "1985"),
        ("DOBM", "1985-03-07", "03"),
        ("DOBD", "7", "07"),
    ],
)
def test_every_identifier_is_hashed_in_its_normal_form(name: str, value: str, normal: str) -> None:
    assert hashed(name, value) == sha256(normal)


@pytest.mark.parametrize(
    ("name", "value"),
    [("EMAIL", " A.B@Example.com"), ("PHONE", "+1 555 0100"), ("FN", "O'Hara"), ("ZIP", "94025-1234"), ("DOBM", "3")],
)
def test_hashes_are_those_of_metas_own_library(name: str, value: str) -> None:
    theirs = CustomAudienceMixin.format_params([name], [[value]], is_raw=True)
    assert theirs["payload"]["data"] == [[hashed(name, value)]]


def test_keys_may_be_phones_and_ids_of_our_own() -> None:
    assert identifiers(Row("add", "+4915550100199")) == {"PHONE": sha256("4915550100199")}
    assert identifiers(Row("add", "c00042")) == {"EXTERN_ID": "c00042"}
    assert identifiers(Row("add", "no@where")) is None


def test_the_version_is_that_of_the_installed_sdk() -> None:
    assert ads_api_config["API_VERSION"] == VERSION


def test_a_malformed_key_is_refused_before_it_becomes_a_hash(sandbox: Any, meta: MetaCustomAudiences) -> None:
    audience = meta.open_audience("Mixed")
    good, bad = meta.send(Batch("add", audience, [Row("add", "good@example.com"), Row("add", "no@where")]))
    assert (good.state, bad.state) == ("accepted", "rejected")
    assert members(sandbox, "Mixed") == {sha256("good@example.com")}


def test_an_entry_that_meta_finds_invalid_is_refused_and_no_other(
    sandbox: Any, meta: MetaCustomAudiences, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cohorte.destinations.meta_custom_audiences.hashed", forgetful)
    audience = meta.open_audience("Unhashed")
    rows = [Row("add", "good@example.com", {"FN": "Ann"}), Row("add", "bad@example.com", {"FN": "Ann"})]
    good, bad = meta.send(Batch("add", audience, rows))
    assert (good.state, bad.state) == ("accepted", "rejected")
    assert "invalid_entry_samples" in (bad.reason or "")
    assert members(sandbox, "Unhashed") == {sha256("good@example.com")}


def test_more_invalid_entries_than_meta_names_are_found_by_halving(
    meta: MetaCustomAudiences, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cohorte.destinations.meta_custom_audiences.hashed", forgetful)
    rows = [Row("add", f"bad{n}@example.com") for n in range(101)]
    with pytest.raises(Refused, match="101 invalid entries among 101, and names 100"):
        meta.send(Batch("add", meta.open_audience("Unhashed"), rows))


def forgetful(name: str, value: str) -> str:
    """Forgets to hash what begins with "bad": the stand-in is to notice."""
    return value if value.startswith("bad") else hashed(name, value)


def test_a_field_that_meta_does_not_know_stops_the_sync(meta: MetaCustomAudiences) -> None:
    with pytest.raises(DestinationError, match="firstname"):
        meta.send(Batch("add", meta.open_audience("Fields"), [Row("add", "a@example.com", {"firstname": "A"})]))


def test_ten_thousand_fit_and_one_more_is_refused(sandbox: Any, meta: MetaCustomAudiences) -> None:
    audience = meta.open_audience("Many")
    rows = [Row("add", f"p{n}@example.com") for n in range(10_001)]
    with pytest.raises(Refused, match="10000"):
        meta.send(Batch("add", audience, rows))
    meta.send(Batch("add", audience, rows[:10_000]))
    assert len(members(sandbox, "Many")) == 10_000


def test_a_deleted_audience_is_noticed(meta: MetaCustomAudiences, direct: httpx.Client) -> None:
    audience = meta.open_audience("Short-lived")
    direct.delete(audience.external_id).raise_for_status()
    for row in (Row("add", "a@example.com"), Row("remove", "a@example.com")):
        with pytest.raises(AudienceGone, match="does not exist"):
            meta.send(Batch(row.operation, audience, [row]))


def test_a_flagged_audience_stops_the_sync_with_metas_words(sandbox: Any, meta: MetaCustomAudiences) -> None:
    audience = meta.open_audience("Diabetes")
    httpx.post(f"{sandbox.url}/_control/meta_custom_audiences/block", json={"name": "Diabetes"}).raise_for_status()
    with pytest.raises(DestinationError, match="integrity restrictions") as stopped:
        meta.send(Batch("add", audience, [Row("add", "a@example.com")]))
    assert type(stopped.value) is DestinationError  # no halving, no new audience


def test_an_expired_token_is_refused_access(sandbox: Any, meta: MetaCustomAudiences) -> None:
    fault = {"platform": "meta_custom_audiences", "kind": "expire_token", "method": "POST"}
    httpx.post(f"{sandbox.url}/_control/faults", json=fault).raise_for_status()
    with pytest.raises(AccessRefused, match="code 190/463"):
        meta.open_audience("Nobody")


def test_a_wrong_token_or_account_is_refused_access(credentials: Credentials) -> None:
    for wrong in (replace(credentials, password="wrong"), replace(credentials, extra={"ad_account_id": "1"})):
        with closing(MetaCustomAudiences(wrong)) as meta, pytest.raises(AccessRefused):
            meta.open_audience("Nobody")


@pytest.mark.parametrize("code", [4, 17, 32, 613, 80003])
def test_every_code_of_a_rate_limit_throttles_for_as_long_as_meta_says(code: int) -> None:
    use = {"type": "custom_audience", "call_count": 100, "estimated_time_to_regain_access": 3}
    headers = {"x-business-use-case-usage": json.dumps({"1": [use]})}
    told = failure(httpx.Response(400, json={"error": {"code": code, "message": "Too many calls"}}, headers=headers))
    assert isinstance(told, Throttled) and told.seconds == 180
    told = failure(httpx.Response(400, json={"error": {"code": code, "message": "Too many calls"}}))
    assert isinstance(told, Throttled) and told.seconds is None


@pytest.mark.parametrize(
    ("code", "kind"), [(1, Unavailable), (2, Unavailable), (190, AccessRefused), (200, AccessRefused)]
)
def test_other_codes_are_told_apart(code: int, kind: type[Exception]) -> None:
    assert isinstance(failure(httpx.Response(400, json={"error": {"code": code, "message": "Said so"}})), kind)


MISSHAPEN = [
    ({"payload": json.dumps({"schema": ["EMAIL"], "date": [["a"]]})}, "date"),
    ({"payload": json.dumps({"schema": ["E-MAIL"], "data": [["a"]]})}, "E-MAIL"),
    ({"payload": json.dumps({"schema": ["EMAIL", "FN"], "data": [["a"]]})}, "differ"),
    ({"users": "[]"}, "users"),
]


def test_a_misshapen_request_is_refused(meta: MetaCustomAudiences, direct: httpx.Client) -> None:
    audience = meta.open_audience("Strict")
    for form, words in MISSHAPEN:
        answer = direct.post(f"{audience.external_id}/users", data=form)
        assert answer.status_code == 400 and words in answer.json()["error"]["message"]
