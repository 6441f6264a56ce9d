"""Account Engagement's answers that its stand-in does not give."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cohorte.credentials import Credentials
from cohorte.sources.account_engagement import CLICK, SENT, AccountEngagement
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
        "createdAt": "2017-01-05T10:00:00-05:00",
        "prospect": {"email": "Ann@example.com"},
        "listEmailId": 7,
        "listEmail": {"name": "January"},
        "details": "https://shop.example.com/",
    } | changes


def read(source: AccountEngagement, at: int = 0) -> list[dict[str, Any]]:
    return [row for batch in source.read(source.streams[at], WINDOW) for row in batch.to_pylist()]


def test_times_are_read_with_their_offset_and_only_clicks_have_addresses() -> None:
    source, requests = connect(page(activity(1)), page(), page(activity(2)))
    sent, click = read(source)
    assert sent["happened_at"] == datetime(2017, 1, 5, 15, tzinfo=UTC)
    assert (sent["action"], sent["mailing_id"], sent["mailing_name"], sent["url"]) == (SENT, "7", "January", None)
    assert (click["action"], click["url"]) == (CLICK, "https://shop.example.com/")
    assert {request.headers["Pardot-Business-Unit-Id"] for request in requests} == {"0Uv"}


def test_a_click_that_is_of_no_letter_is_not_ours() -> None:
    on_a_form = activity(2, listEmailId=None, listEmail=None)
    source, _ = connect(page(), page(), page(on_a_form, activity(3)))
    assert [row["event_id"] for row in read(source)] == ["3"]


def test_a_letter_of_a_template_is_known_by_it() -> None:
    source, _ = connect(page(activity(1, listEmailId=None, listEmail=None, emailTemplateId=9)))
    assert [(row["mailing_id"], row["mailing_name"]) for row in read(source)] == [("9", None)]


def test_pages_follow_the_ids() -> None:
    source, requests = connect(page(activity(3), activity(5), more=True), page(activity(8)))
    assert [row["event_id"] for row in read(source)] == ["3", "5", "8"]
    assert [request.url.params["idGreaterThan"] for request in requests[:3]] == ["0", "5", "0"]


@pytest.mark.parametrize(
    ("second", "said"), [(page(activity(1), more=True), "repeats a page"), (page(more=True), "never ends")]
)
def test_pages_that_lead_nowhere_are_an_error(second: dict[str, Any], said: str) -> None:
    source, _ = connect(page(activity(1), more=True), second)
    with pytest.raises(SourceError, match=f"account_engagement.email_event: /visitor-activities {said}"):
        read(source)


def test_a_record_without_a_time_is_put_aside() -> None:
    source, _ = connect(page(activity(1), activity(2, createdAt="soon"), activity(3, createdAt=None)))
    assert [row["event_id"] for row in read(source)] == ["1"]
    assert [rejected.reason.split(":")[0] for rejected in source.rejected] == ["createdAt", "createdAt"]


def test_a_spent_quota_is_told_at_once() -> None:
    spent = httpx.Response(400, json={"code": 122, "message": "Daily API rate limit met"})
    source, requests = connect(page(activity(1), more=True), spent)
    with pytest.raises(QuotaSpentError, match="code 122"):
        read(source)
    assert len(requests) == 2


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
