"""Mailchimp as a destination, over HTTP, against a stand-in that refuses what Mailchimp refuses."""

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cohorte.credentials import Credentials
from cohorte.destinations.base import AccessRefused, AudienceGone, Batch, Refused, Row
from cohorte.destinations.mailchimp import Mailchimp


@pytest.fixture
def credentials(sandbox: Any) -> Credentials:
    return Credentials.from_mapping("mailchimp_default", sandbox.connections["mailchimp_default"])


@pytest.fixture
def mailchimp(credentials: Credentials) -> Iterator[Mailchimp]:
    destination = Mailchimp(credentials)
    yield destination
    destination.close()


@pytest.fixture
def direct(credentials: Credentials) -> Iterator[httpx.Client]:
    """What somebody does in Mailchimp's own interface."""
    base = f"{credentials.host}/3.0/lists/{credentials.extra['list_id']}/"
    with httpx.Client(base_url=base, auth=("anyone", credentials.password)) as client:
        yield client


def member_path(email: str) -> str:
    return f"members/{hashlib.md5(email.encode()).hexdigest()}"


def segment(sandbox: Any, name: str) -> set[str]:
    return set(httpx.get(f"{sandbox.url}/_control/state/mailchimp").json()["segments"][name])


def test_a_segment_is_made_filled_and_emptied(sandbox: Any, mailchimp: Mailchimp) -> None:
    audience = mailchimp.open_audience("Letters")
    assert audience.is_new and not mailchimp.open_audience("Letters").is_new
    rows = [Row("add", "ann@example.com", {"FNAME": "Ann"}), Row("add", "bob@example.com")]
    assert [r.state for r in mailchimp.send(Batch("members", audience, rows))] == ["accepted", "accepted"]
    mailchimp.send(Batch("segment", audience, rows))
    assert segment(sandbox, "Letters") == {"ann@example.com", "bob@example.com"}
    mailchimp.send(Batch("segment", audience, [Row("remove", "ann@example.com"), Row("remove", "stranger@a.example")]))
    assert segment(sandbox, "Letters") == {"bob@example.com"}


def test_an_opt_out_given_to_mailchimp_is_never_undone(mailchimp: Mailchimp, direct: httpx.Client) -> None:
    direct.put(member_path("out@example.com"), json={"email_address": "out@example.com", "status": "unsubscribed"})
    audience = mailchimp.open_audience("Careful")
    (receipt,) = mailchimp.send(Batch("members", audience, [Row("add", "out@example.com", {"FNAME": "Olga"})]))
    assert receipt.state == "accepted"
    member = direct.get(member_path("out@example.com")).json()
    assert (member["status"], member["merge_fields"]["FNAME"]) == ("unsubscribed", "Olga")


def test_a_bad_row_does_not_keep_the_others_back(mailchimp: Mailchimp) -> None:
    audience = mailchimp.open_audience("Mixed")
    good, bad = mailchimp.send(Batch("members", audience, [Row("add", "good@example.com"), Row("add", "no@where")]))
    assert good.state == "accepted"
    assert bad.state == "rejected" and "looks fake or invalid" in (bad.reason or "")


def test_null_clears_a_merge_field(mailchimp: Mailchimp, direct: httpx.Client) -> None:
    audience = mailchimp.open_audience("Clear")
    mailchimp.send(Batch("members", audience, [Row("add", "a@example.com", {"FNAME": "A", "LNAME": "B"})]))
    mailchimp.send(Batch("members", audience, [Row("update", "a@example.com", {"FNAME": None})]))
    fields = direct.get(member_path("a@example.com")).json()["merge_fields"]
    assert (fields["FNAME"], fields["LNAME"]) == ("", "B")


def test_more_than_a_batch_is_refused(mailchimp: Mailchimp) -> None:
    rows = [Row("add", f"p{n}@example.com") for n in range(mailchimp.limits.batch + 1)]
    with pytest.raises(Refused, match="500"):
        mailchimp.send(Batch("members", mailchimp.open_audience("Many"), rows))


def test_a_deleted_segment_is_noticed(mailchimp: Mailchimp, direct: httpx.Client) -> None:
    audience = mailchimp.open_audience("Short-lived")
    direct.delete(f"segments/{audience.external_id}").raise_for_status()
    with pytest.raises(AudienceGone, match="Short-lived"):
        mailchimp.send(Batch("segment", audience, [Row("add", "a@example.com")]))


def test_a_wrong_key_is_refused_access(credentials: Credentials) -> None:
    wrong = Mailchimp(
        Credentials(name="mailchimp_default", host=credentials.host, password="wrong-us1", extra=credentials.extra)
    )
    with pytest.raises(AccessRefused, match="401"):
        wrong.open_audience("Nobody")
    wrong.close()


def test_who_leaves_is_cleared_and_a_stranger_is_not_made_a_member(mailchimp: Mailchimp, direct: httpx.Client) -> None:
    audience = mailchimp.open_audience("Clear on leaving")
    mailchimp.send(Batch("members", audience, [Row("add", "a@example.com", {"FNAME": "A"})]))
    leaving = [Row("remove", email, {"FNAME": None}) for email in ("a@example.com", "stranger@example.com")]
    assert {r.state for r in mailchimp.send(Batch("members", audience, leaving))} == {"accepted"}
    assert direct.get(member_path("a@example.com")).json()["merge_fields"]["FNAME"] == ""
    assert direct.get(member_path("stranger@example.com")).status_code == 404
