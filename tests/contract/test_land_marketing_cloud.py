"""Marketing Cloud as a source: what its pages, clocks and statuses make of a read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from cohorte import sources
from cohorte.credentials import Credentials
from cohorte.sources import marketing_cloud
from cohorte.sources.base import Source, SourceError, Window
from sandbox.server import Running

NOW = datetime(2017, 11, 30, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def source(shared_sandbox: Running) -> Source:
    connection = shared_sandbox.connections["marketing_cloud_default"]
    made = sources.get("marketing_cloud", Credentials.from_mapping("marketing_cloud_default", connection))
    made.http.sleep = lambda seconds: None  # type: ignore[attr-defined]
    return made


@pytest.fixture
def plant(shared_sandbox: Running) -> Iterator[Any]:
    def planted(kind: str, path: str = "asmx", **options: Any) -> None:
        body = {"platform": "marketing_cloud", "kind": kind, "path": path} | options
        httpx.post(f"{shared_sandbox.url}/_control/faults", json=body).raise_for_status()

    yield planted
    httpx.delete(f"{shared_sandbox.url}/_control/faults").raise_for_status()


def read(source: Source, stream: str, since: datetime | None = None, until: datetime = NOW) -> list[dict[str, Any]]:
    chosen = next(found for found in source.streams if found.name == stream)
    return [row for batch in source.read(chosen, Window(since, until)) for row in batch.to_pylist()]


def test_times_come_in_utc_though_the_server_says_central(source: Source) -> None:
    sent = {row["EventDate"] for row in read(source, "email_event") if row["ObjectType"] == "SentEvent"}
    assert {moment.hour for moment in sent} == {10}  # as in the world; 4 on Marketing Cloud's clock
    assert {moment.tzname() for moment in sent} == {"UTC"}


@pytest.mark.parametrize("stream", ["email_event", "subscriber"])
def test_windows_meet_without_a_gap_or_an_overlap(source: Source, stream: str) -> None:
    cursor = next(found.cursor for found in source.streams if found.name == stream)
    whole = read(source, stream)
    middle = sorted(row[cursor] for row in whole)[len(whole) // 2]
    before, after = read(source, stream, None, middle), read(source, stream, middle)
    assert before and after
    assert all(row[cursor] < middle for row in before) and all(row[cursor] >= middle for row in after)
    assert {row["ID"] for row in before} | {row["ID"] for row in after} == {row["ID"] for row in whole}


def test_a_change_of_status_brings_a_subscriber_again(source: Source) -> None:
    gone = [row for row in read(source, "subscriber") if row["Status"] != "Active"]
    assert gone
    when = gone[0]["ChangedDate"]
    assert when > gone[0]["CreatedDate"]
    again = read(source, "subscriber", when - timedelta(minutes=1), when + timedelta(minutes=1))
    assert gone[0] in again


@pytest.mark.parametrize("kind", ["lose_answer", "cut", "reset", "status"])
def test_a_page_whose_answer_got_lost_is_not_missed(
    source: Source, plant: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The stand-in goes on to the next page when asked for the lost one again."""
    whole = read(source, "email_event")
    monkeypatch.setattr(marketing_cloud, "PAGE", 20)
    plant(kind, skip=2, status=503)
    again = read(source, "email_event")
    assert sorted(row["ID"] for row in again) == sorted(row["ID"] for row in whole)


def test_in_mid_read_too_the_wait_is_as_long_as_asked(
    source: Source, plant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    source.http.sleep = waits.append  # type: ignore[attr-defined]
    monkeypatch.setattr(marketing_cloud, "PAGE", 20)
    plant("status", skip=2, status=429, retry_after=17)
    assert read(source, "email_event")
    assert waits == [17.0]


def test_a_retrieve_that_keeps_breaking_off_is_given_up(
    source: Source, plant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marketing_cloud, "PAGE", 20)
    for _ in range(marketing_cloud.ATTEMPTS):
        plant("lose_answer", skip=1)
    with pytest.raises(SourceError, match=r"marketing_cloud\.email_event: SentEvent breaks off every time"):
        read(source, "email_event")


def test_a_token_that_dies_between_two_pages_is_renewed(
    shared_sandbox: Running, source: Source, plant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SOAP says it with a fault in a 500, and the page is still there."""
    whole = read(source, "subscriber")
    monkeypatch.setattr(marketing_cloud, "PAGE", 2)
    plant("expire_token", "/rest/")
    killed = httpx.get(f"{shared_sandbox.url}/marketing_cloud/rest/data/v1/customobjects")
    assert killed.status_code == 401
    assert read(source, "subscriber") == whole


def test_what_the_package_may_not_read_is_said(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(marketing_cloud.EVENTS, "SentEvent", ("SendID", "BounceReason"))
    with pytest.raises(SourceError, match=r"email_event: SentEvent cannot be retrieved.*BounceReason.*_default"):
        read(source, "email_event")


def test_a_broken_date_is_put_aside(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    records = marketing_cloud.soap.records

    def broken(message: Any) -> Iterator[tuple[str, dict[str, str]]]:
        for at, (kind, record) in enumerate(records(message)):
            yield kind, record | ({"EventDate": "yesterday"} if kind == "OpenEvent" and at == 0 else {})

    whole = read(source, "email_event")
    monkeypatch.setattr(marketing_cloud.soap, "records", broken)
    assert len(read(source, "email_event")) == len(whole) - 1
    (rejected,) = source.rejected
    assert "yesterday" in rejected.reason and rejected.stream == "email_event"
