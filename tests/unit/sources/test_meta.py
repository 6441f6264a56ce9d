"""Meta's answers that its documentation allows and nobody expects."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cohorte.credentials import Credentials
from cohorte.sources.base import SourceError, Window
from cohorte.sources.meta import EMPTY_PAGES, Meta

TOKEN = "EAABtoken"
ALWAYS = Window(None, datetime(2030, 1, 1, tzinfo=UTC))


def page(*records: dict[str, Any], after: str = "") -> dict[str, Any]:
    paging = {"cursors": {"after": after}, "next": f"http://meta/x?access_token={TOKEN}"} if after else {}
    return {"data": list(records), "paging": paging}


def meta(leads: list[dict[str, Any]]) -> tuple[Meta, list[httpx.Request]]:
    """A page with one form, whose `leads` edge answers with these pages in turn; the last one for ever."""
    extra = {"access_token": TOKEN, "page_id": "77"}
    source, requests, left = Meta(Credentials(name="meta_default", extra=extra)), [], list(leads)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/debug_token"):
            return httpx.Response(200, json={"data": {"is_valid": True, "scopes": []}})
        requests.append(request)
        if request.url.path.endswith("/leadgen_forms"):
            return httpx.Response(200, json=page({"id": "form"}))
        return httpx.Response(200, json=left.pop(0) if len(left) > 1 else left[0])

    source.http.client = httpx.Client(
        base_url="http://meta", auth=source.http.client.auth, transport=httpx.MockTransport(answer)
    )
    return source, requests


def lead(number: str, **answers: str) -> dict[str, Any]:
    return {
        "id": number,
        "created_time": "2017-05-01T10:00:00+0000",
        "form_id": "form",
        "field_data": [{"name": name, "values": [value]} for name, value in answers.items()],
    }


def read(source: Meta) -> list[dict[str, Any]]:
    return [row for batch in source.read(source.streams[0], ALWAYS) for row in batch.to_pylist()]


def test_questions_become_columns_and_the_answer_is_kept_as_it_came() -> None:
    source, _ = meta([page(lead("1", email="a@example.org", shoe_size="43"))])
    (row,) = read(source)
    assert row["email"] == "a@example.org"
    assert row["shoe_size"] == "43"
    assert row["phone_number"] is None
    assert row["created_time"] == datetime(2017, 5, 1, 10, tzinfo=UTC)
    assert json.loads(row["field_data"])[1] == {"name": "shoe_size", "values": ["43"]}


def test_a_question_named_like_our_column_does_not_replace_it() -> None:
    source, _ = meta([page(lead("1", id="my own id"))])
    (row,) = read(source)
    assert (row["id"], row["answer_id"]) == ("1", "my own id")


def test_the_token_stands_in_the_header_alone() -> None:
    source, requests = meta([page(lead("1"), after="a"), page(lead("2"))])
    assert len(read(source)) == 2
    assert len(requests) == 3
    assert all(TOKEN not in str(request.url) for request in requests)
    assert all(request.headers["Authorization"] == f"Bearer {TOKEN}" for request in requests)


def test_a_page_that_repeats_is_an_error() -> None:
    source, _ = meta([page(lead("1"), after="a"), page(lead("1"), after="a")])
    with pytest.raises(SourceError, match=r"meta.lead: /form/leads repeats a page"):
        read(source)


def test_pages_without_end_are_an_error() -> None:
    source, requests = meta([page(after="x")])
    with pytest.raises(SourceError, match=r"meta.lead: /form/leads never ends"):
        read(source)
    assert len(requests) == EMPTY_PAGES + 1


def test_an_empty_page_is_not_the_end() -> None:
    source, _ = meta([page(lead("1"), after="a"), page(after="b"), page(lead("2"))])
    assert [row["id"] for row in read(source)] == ["1", "2"]


@pytest.mark.parametrize(
    ("change", "reason"), [({"created_time": "soon"}, "created_time"), ({"field_data": "none"}, "field_data")]
)
def test_a_lead_that_makes_no_sense_is_put_aside(change: dict[str, str], reason: str) -> None:
    source, _ = meta([page(lead("1"), lead("2") | change, lead("3"))])
    assert [row["id"] for row in read(source)] == ["1", "3"]
    (rejected,) = source.rejected
    assert reason in rejected.reason
    assert json.loads(rejected.record)["id"] == "2"
