"""Brevo as a source: what its exports, pages and limits make of a read."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from cohorte import sources
from cohorte.credentials import Credentials
from cohorte.sources import brevo
from cohorte.sources.base import Source, SourceError, Window
from sandbox.brevo import door, history
from sandbox.server import Running

NOW = datetime(2017, 11, 30, 23, 59, 59, tzinfo=UTC)
HEADER = "event,email,camp_id,campaign name,ts_event,URL\n"


@pytest.fixture
def make(shared_sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Source]:
    """Makes sources that do not wait, of a Brevo that does not limit them: limits are test_sandbox_brevo.py's."""
    monkeypatch.setattr(door.RateLimit, "take", lambda limit: None)

    def made(**extra: Any) -> Source:
        connection = shared_sandbox.connections["brevo_default"]
        known = Credentials.from_mapping("brevo_default", connection | {"extra": connection["extra"] | extra})
        source = sources.get("brevo", known)
        source.sleep = source.http.sleep = source.files.sleep = lambda seconds: None  # type: ignore[attr-defined]
        return source

    return made


@pytest.fixture
def source(make: Callable[..., Source]) -> Source:
    return make()


@pytest.fixture
def plant(shared_sandbox: Running) -> Iterator[Any]:
    def planted(kind: str, path: str, **options: Any) -> None:
        body = {"platform": "brevo", "kind": kind, "path": path} | options
        httpx.post(f"{shared_sandbox.url}/_control/faults", json=body).raise_for_status()

    yield planted
    httpx.delete(f"{shared_sandbox.url}/_control/faults").raise_for_status()


def read(source: Source, stream: str, since: datetime | None = None, until: datetime = NOW) -> list[dict[str, Any]]:
    chosen = next(found for found in source.streams if found.name == stream)
    return [row for batch in source.read(chosen, Window(since, until)) for row in batch.to_pylist()]


@pytest.mark.parametrize(("stream", "key"), [("email_event", "event_id"), ("subscriber", "subscriber_id")])
def test_windows_meet_without_a_gap_or_an_overlap(source: Source, stream: str, key: str) -> None:
    cursor = next(found.cursor for found in source.streams if found.name == stream)
    whole = read(source, stream)
    middle = sorted(row[cursor] for row in whole)[len(whole) // 2]
    before, after = read(source, stream, None, middle), read(source, stream, middle)
    assert before and after
    assert all(row[cursor] < middle for row in before) and all(row[cursor] >= middle for row in after)
    assert sorted(row[key] for row in before + after) == sorted({row[key] for row in whole})


def test_an_export_in_several_files_is_read_whole(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(source, "email_event")
    monkeypatch.setattr(history, "ROWS_A_FILE", len(whole) // 3)
    assert read(source, "email_event") == whole


def test_an_account_without_the_history_has_consent_alone(make: Callable[..., Source]) -> None:
    source = make(notify_url="")
    assert read(source, "email_event") == []
    assert read(source, "subscriber")
    assert {(found.what, found.state) for found in source.examine()} >= {("token", "ok"), ("reach", "warning")}


def test_who_unsubscribed_is_on_the_blocklist_from_that_day(source: Source) -> None:
    gone = next(row for row in read(source, "subscriber") if row["status"] == "blocklisted")
    before = read(source, "subscriber", gone["changed_at"] - timedelta(minutes=1), gone["changed_at"])
    assert gone["subscriber_id"] not in {row["subscriber_id"] for row in before}
    assert gone in read(source, "subscriber", gone["changed_at"])


@pytest.mark.parametrize("kind", ["lose_answer", "cut", "reset", "status"])
@pytest.mark.parametrize(("stream", "path"), [("email_event", "processes"), ("subscriber", "contacts")])
def test_an_answer_that_got_lost_is_asked_for_again(
    source: Source, plant: Any, kind: str, stream: str, path: str
) -> None:
    whole = read(source, stream)
    plant(kind, path, **({"status": 503} if kind == "status" else {}))
    assert read(source, stream) == whole


def test_a_page_that_repeats_ends_the_load(source: Source, plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brevo, "PAGE", 5)
    plant("repeat_page", "contacts")
    with pytest.raises(SourceError, match=r"brevo\.subscriber: /contacts repeats a page"):
        read(source, "subscriber")


class Export:
    """Stands for the host the exports lie on: one file."""

    def __init__(self, text: str) -> None:
        self.content = text.encode()

    def get(self, url: str) -> "Export":
        return self


@pytest.mark.parametrize("text", ["", "date,address\n2017-11-01,a@example.com\n"])
def test_an_export_of_other_columns_lands_nothing_and_says_which(source: Source, text: str) -> None:
    source.files = Export(text)  # type: ignore[attr-defined]
    with pytest.raises(SourceError, match=r"lacks camp_id.*Nothing was landed"):
        read(source, "email_event")


def test_a_line_that_cannot_be_read_is_kept_aside(source: Source) -> None:
    lines = "opened,a@example.com,3,March,soon,\nopened,b@example.com,3,March,1488326400,\ncontact_deleted,c,,,,\n"
    source.files = Export(HEADER + lines)  # type: ignore[attr-defined]
    assert [row["email_address"] for row in read(source, "email_event")] == ["b@example.com"]
    (rejected,) = source.rejected
    assert "ts_event" in rejected.reason and "a@example.com" in rejected.record


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_columns_are_found_by_name_whatever_stands_between(source: Source, delimiter: str) -> None:
    text = HEADER + "click,a@example.com,3,March,1488326400,https://shop.example.com/\n"
    source.files = Export(text.replace(",", delimiter))  # type: ignore[attr-defined]
    (row,) = read(source, "email_event")
    assert (row["mailing_id"], row["url"]) == ("3", "https://shop.example.com/")


def test_an_export_that_never_ends_is_given_up(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    source.sleep = waits.append  # type: ignore[attr-defined]
    get = source.http.get  # type: ignore[attr-defined]

    class Queued:
        def json(self) -> dict[str, Any]:
            return {"status": "queued"}

    def queued(path: str, **options: Any) -> Any:
        return Queued() if path.startswith("/processes") else get(path, **options)

    monkeypatch.setattr(source.http, "get", queued)  # type: ignore[attr-defined]
    with pytest.raises(SourceError, match=r"is queued after .* s\. Run the load again"):
        read(source, "email_event")
    assert brevo.PATIENCE <= sum(waits) < brevo.PATIENCE + 2 * brevo.LONGEST_PAUSE
    assert len(waits) < 100  # looks an hour
