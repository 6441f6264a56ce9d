"""Account Engagement's answers that its stand-in does not give."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cohorte.credentials import Credentials
from cohorte.sources.account_engagement import CLICK, OPEN, SENT, TYPES, AccountEngagement
from cohorte.sources.base import QuotaSpentError, SourceError, Window

WINDOW = Window(datetime(2017, 1, 1, tzinfo=UTC), datetime(2017, 2, 1, tzinfo=UTC))


def connect(*answers: dict[str, Any] | httpx.Response) -> tuple[AccountEngagement, list[httpx.Request]]:
    """A source whose queries are answered with these in turn; an empty page for ever after."""
    extra = {
        "instance_url": "http://org",
        "consumer_key": "key",
        "consumer_secret": "secret",
        "business_unit_id": "0Uv",
    }
    source, requests, left = AccountEngagement(Credentials(name="ae", host="http://ae", extra=extra)), [], list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "session"})
        requests.append(request)
        found = left.pop(0) if left else page()
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    source.http.client = httpx.Client(
        base_url="http://ae/api/v5/objects",
        auth=source.http.client.auth,
        headers=source.http.client.headers,
        event_hooks=source.http.client.event_hooks,
        transport=httpx.MockTransport(answer),
    )
    source.http.sleep = lambda seconds: None
    return source, requests


def page(*values: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return {"values": list(values), "nextPageToken": "t" if more else None, "nextPageUrl": None}


def activity(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "type": int(SENT),
        "createdAt": "2017-01-05T10:00:00-05:00",
        "prospect": {"email": "Ann@example.com"},
        "listEmailId": 7,
        "listEmail": {"name": "January"},
        "details": "https://shop.example.com/",
    } | changes


def read(source: AccountEngagement, at: int = 0) -> list[dict[str, Any]]:
    return [row for batch in source.read(source.streams[at], WINDOW) for row in batch.to_pylist()]


def test_times_are_read_with_their_offset_and_only_clicks_have_addresses() -> None:
    source, requests = connect(page(activity(1)), page(), page(activity(2, type=int(CLICK))))
    sent, click = read(source)
    assert sent["happened_at"] == datetime(2017, 1, 5, 15, tzinfo=UTC)
    assert (sent["action"], sent["mailing_id"], sent["mailing_name"], sent["url"]) == (SENT, "7", "January", None)
    assert (click["action"], click["url"]) == (CLICK, "https://shop.example.com/")
    assert {request.headers["Pardot-Business-Unit-Id"] for request in requests} == {"0Uv"}


def test_a_click_that_is_of_no_letter_is_not_ours() -> None:
    on_a_form = activity(2, type=int(CLICK), listEmailId=None, listEmail=None)
    source, _ = connect(page(), page(), page(on_a_form, activity(3, type=int(CLICK))))
    assert [row["event_id"] for row in read(source)] == ["3"]


def test_a_letter_of_a_template_is_known_by_it() -> None:
    source, _ = connect(page(activity(1, listEmailId=None, listEmail=None, emailTemplateId=9)))
    assert [(row["mailing_id"], row["mailing_name"]) for row in read(source)] == [("9", None)]


NO_MORE = [page() for _ in TYPES[1:]]
"""The first pages of the other types, which are asked for before the second of any."""


def test_pages_follow_their_tokens_which_take_nothing_beside_them() -> None:
    source, requests = connect(page(activity(3), activity(5), more=True), *NO_MORE, page(activity(8)))
    assert [row["event_id"] for row in read(source)] == ["3", "5", "8"]
    assert set(requests[-1].url.params) == {"fields", "nextPageToken"}


def test_a_sequence_of_pages_that_ends_early_is_gone_on_with() -> None:
    told = {"Pardot-Warning": "203;Record count for nextPageToken sequence has been exceeded."}
    ended = httpx.Response(200, json=page(activity(3), activity(5)), headers=told)
    source, requests = connect(ended, *NO_MORE, page(activity(5), activity(8)))
    assert [row["event_id"] for row in read(source)] == ["3", "5", "8"]
    assert requests[-1].url.params["createdAtAfterOrEqualTo"] == activity(5)["createdAt"]


def test_types_are_merged_by_time() -> None:
    sent = [activity(1), activity(4, createdAt="2017-01-07T10:00:00-05:00")]
    opened = activity(2, type=int(OPEN), createdAt="2017-01-06T10:00:00-05:00")
    source, _ = connect(page(*sent), page(opened))
    assert [row["event_id"] for row in read(source)] == ["1", "2", "4"]


@pytest.mark.parametrize(
    ("second", "said"), [(page(activity(1), more=True), "repeats a page"), (page(more=True), "never ends")]
)
def test_pages_that_lead_nowhere_are_an_error(second: dict[str, Any], said: str) -> None:
    source, _ = connect(page(activity(1), more=True), *NO_MORE, second)
    with pytest.raises(SourceError, match=f"account_engagement.email_event: /visitor-activities {said}"):
        read(source)


def test_a_record_without_a_time_is_put_aside() -> None:
    source, _ = connect(page(activity(1), activity(2, createdAt="soon"), activity(3, createdAt=None)))
    assert [row["event_id"] for row in read(source)] == ["1"]
    assert [rejected.reason.split(":")[0] for rejected in source.rejected] == ["createdAt", "createdAt"]


def test_a_page_of_another_query_is_an_error() -> None:
    source, _ = connect(page(activity(1)), page(activity(1)))
    with pytest.raises(SourceError, match="repeats a page"):
        read(source)


def test_a_spent_quota_keeps_what_is_whole() -> None:
    spent = httpx.Response(400, json={"code": 122, "message": "Daily API rate limit met"})
    later = activity(9, type=int(OPEN), createdAt="2017-01-09T10:00:00-05:00")
    source, requests = connect(page(activity(1), more=True), page(later), *NO_MORE[1:], spent)
    rows: list[dict[str, Any]] = []
    with pytest.raises(QuotaSpentError, match="code 122") as told:
        for batch in source.read(source.streams[0], WINDOW):
            rows += batch.to_pylist()
    assert [row["event_id"] for row in rows] == ["1"]
    assert told.value.complete_until == rows[-1]["happened_at"]
    assert len(requests) == len(TYPES) + 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_session_that_is_refused_is_renewed_under_whatever_status(status: int) -> None:
    refused = httpx.Response(status, json={"code": 184, "message": "access_token is invalid, unknown, or malformed"})
    source, requests = connect(refused, page(activity(1)))
    assert len(read(source)) == 1
    assert len(requests) == 1 + len(TYPES)


def test_six_calls_at_once_are_tried_again() -> None:
    busy = httpx.Response(400, json={"code": 66, "message": "You have exceeded your concurrent request limit."})
    source, requests = connect(busy, busy, page(activity(1)))
    assert len(read(source)) == 1
    assert len(requests) == 3 + 5


def test_a_state_that_is_not_told_is_null() -> None:
    ann = {
        "id": 1,
        "email": "a@example.com",
        "optedOut": True,
        "isDoNotEmail": None,
        "updatedAt": "2017-01-05T00:00:00Z",
    }
    source, _ = connect(page(ann))
    (row,) = read(source, 1)
    assert (row["opted_out"], row["is_do_not_email"], row["is_email_hard_bounced"]) == ("true", None, None)
