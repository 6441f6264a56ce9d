"""What the platforms that send e-mail have in common: events of letters, and the state of those who get them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cohorte.sources.base import BATCH, Window

if TYPE_CHECKING:
    import pyarrow as pa

EVENT = ("event_id", "email_address", "action", "happened_at", "mailing_id", "mailing_name", "url", "bounce_type")
"""One thing that became of one letter. `action` in the platform's own word."""
SUBSCRIBER = ("subscriber_id", "email_address", "status", "changed_at")
"""The state of one address, in the platform's own words; a platform may add columns."""
TIMES = ("happened_at", "changed_at")


def batches(records: Iterable[dict[str, Any]], columns: tuple[str, ...]) -> Iterator["pa.RecordBatch"]:
    """Text columns and times in UTC: first an empty batch, so that the columns are known, then BATCH rows at a time."""
    yield _batch([], columns)
    held: list[dict[str, Any]] = []
    for record in records:
        held.append(record)
        if len(held) == BATCH:
            yield _batch(held, columns)
            held = []
    if held:
        yield _batch(held, columns)


def moment(text: str) -> datetime:
    """A time as platforms write it; one without a zone is in UTC. Raises ValueError for what is none."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def is_within(at: datetime, window: Window) -> bool:
    return (window.since is None or window.since <= at) and at < window.until


def _batch(records: list[dict[str, Any]], columns: tuple[str, ...]) -> "pa.RecordBatch":
    import pyarrow as pa

    schema = pa.schema([(name, pa.timestamp("us", "UTC") if name in TIMES else pa.string()) for name in columns])
    return pa.RecordBatch.from_pylist(records, schema)
