"""Land: what is new in a platform, as immutable Parquet registered in `raw`.

The cursor of a stream is the newest `cursor_until` in ops.load. It commits in the same lake transaction as the files it
speaks of, so a lost working folder, or a kill at any point, can neither lose nor repeat a row.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cohorte import clock
from cohorte.lake import Lake
from cohorte.landing import intent, parquet, register
from cohorte.landing.delivery import Delivery, Say
from cohorte.privacy.arrivals import Erased
from cohorte.sources.base import Source, Stream, Window
from cohorte.storage import open_storage

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LandResult:
    """What one load brought; `rows` by stream."""

    source: str
    load_id: str
    rows: dict[str, int]
    files: int
    rejected: int
    """Records in ops.quarantine."""
    kept_out: int
    """Rows of people who were erased, and whom the platform still has."""
    events: tuple[str, ...]
    """Columns that came, went or changed their type."""
    paused: tuple[str, ...]
    """Why streams stopped early; the next load goes on from there."""
    seconds: float


def land(
    source: Source,
    window: Window | None = None,
    *,
    lake: Lake,
    streams: Sequence[str] | None = None,
    progress: Say | None = None,
) -> LandResult:
    """Lands all streams of a source, or those named, in one lake transaction.

    Without a window: what is new since each stream's cursor, up to now by the business clock. With one: exactly
    that, without moving a cursor (a backfill). Rows come again when a platform restates them or a window is landed
    twice; each carries `_load_id` and `_loaded_at`, and staging keeps the newest.

    Raises SourceError when the platform cannot be read and ShortExtractError when a full stream shrank by half;
    nothing is registered then.
    """
    started = time.monotonic()
    settings, storage = lake.settings, open_storage(lake.settings)
    chosen = _chosen(source, streams)
    source.rejected.clear()
    source.noted.clear()
    source.told.clear()
    with intent.alone(settings, source.name):
        intent.clear_leftovers(source.name, tuple(stream.name for stream in source.streams), lake, storage)
        load_id, loaded_at, now = intent.new_load_id(source.name, lake), datetime.now(UTC), clock.now(settings)
        normalize = parquet.snake_case(settings)
        deliveries = [Delivery.plan(source, s, window, now=now, lake=lake, normalize=normalize) for s in chosen]
        erased = Erased.of(lake)
        intent.announce(load_id, source.name, storage)
        parquet.write(
            source.name,
            {d.stream.name: d.batches(load_id, loaded_at, lake, progress, erased) for d in deliveries},
            load_id,
            settings,
            storage,
        )
        with lake.transaction(f"land {source.name}", load_id=load_id):
            for delivery in deliveries:
                keys = intent.files_of(load_id, source.name, delivery.stream.name, storage)
                delivery.files = [storage.url(key) for key in keys]
                register.register(delivery, load_id, now, loaded_at, lake)
                register.tell(delivery, load_id, loaded_at, lake)
                register.bookmark(delivery, load_id, lake)
            register.quarantine(source, load_id, loaded_at, lake, erased)
        intent.conclude(load_id, source.name, storage)
    result = LandResult(
        source=source.name,
        load_id=load_id,
        rows={d.stream.name: d.rows for d in deliveries},
        files=sum(len(d.files) for d in deliveries),
        rejected=len(source.rejected),
        kept_out=erased.rows if erased else 0,
        events=tuple(event for d in deliveries for event in d.events),
        paused=tuple(d.paused for d in deliveries if d.paused),
        seconds=round(time.monotonic() - started, 2),
    )
    for message in result.events:
        log.warning(message)
    if result.kept_out:
        log.info("%s: %d rows of people who were erased stay out", source.name, result.kept_out)
    if result.rejected:
        log.warning("%s: %d records in ops.quarantine, load_id %s", source.name, result.rejected, load_id)
    return result


def _chosen(source: Source, names: Sequence[str] | None) -> list[Stream]:
    known = {stream.name: stream for stream in source.streams}
    unknown = set(names or ()) - known.keys()
    if unknown:
        raise ValueError(f"{source.name} has no stream {', '.join(sorted(unknown))}; it has {', '.join(known)}")
    return [known[name] for name in names] if names is not None else list(source.streams)
