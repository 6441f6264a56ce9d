"""Land: what is new in a platform, as immutable Parquet registered in `raw`.

The cursor of a stream is the newest `cursor_until` in ops.load. It commits in the same lake transaction as the files it
speaks of, so a lost working folder or a kill at any point can neither lose nor repeat a row.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cohorte import clock
from cohorte.lake import Lake
from cohorte.landing import intent
from cohorte.landing.columns import Columns
from cohorte.sources.base import QuotaSpentError, Source, Stream, Window
from cohorte.storage import Storage, open_storage

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

Say = Callable[[str, int], None]
"""Called with a stream's name and its rows so far."""


@dataclass(frozen=True)
class LandResult:
    """What one load brought. `rows` by stream; `events` tells of columns that came, went or changed."""

    source: str
    load_id: str
    rows: dict[str, int]
    files: int
    rejected: int
    events: tuple[str, ...]
    paused: tuple[str, ...]
    """Why a stream stopped early; the next load goes on from there."""
    seconds: float


class ShortExtractError(RuntimeError):
    """A full load brought far fewer rows than the last one."""


@dataclass
class _Landing:
    """One stream of a load at work."""

    stream: Stream
    window: Window
    columns: Columns
    cursor_until: datetime | None
    """Where the next load goes on; None for a backfill, which moves no cursor."""
    rows: int = 0
    paused: str = ""
    files: list[str] = field(default_factory=list)

    @property
    def table(self) -> str:
        return self.columns.table


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
    that, without moving a cursor (a backfill). Rows may come again when a platform restates them or a window is
    landed twice; each carries `_load_id` and `_loaded_at`, and staging keeps the newest.

    Raises SourceError when the platform cannot be read and ShortExtractError when a full stream shrank by half;
    nothing is registered then.
    """
    from cohorte.landing import parquet

    started = time.monotonic()
    storage = open_storage(lake.settings)
    chosen = _chosen(source, streams)
    with intent.alone(lake.settings, source.name):
        intent.clear_leftovers(source.name, tuple(stream.name for stream in source.streams), lake, storage)
        load_id = intent.new_load_id(source.name, lake)
        loaded_at = datetime.now(UTC)
        landings = [_prepare(source, stream, window, lake, parquet.snake_case()) for stream in chosen]
        intent.announce(load_id, source.name, storage)
        parquet.write(
            source.name,
            {
                landing.stream.name: _stamped(source, landing, load_id, loaded_at, lake, progress)
                for landing in landings
            },
            load_id,
            lake.settings,
            storage,
        )
        with lake.transaction(f"land {source.name}", load_id=load_id):
            for landing in landings:
                _register(source, landing, load_id, loaded_at, lake, storage)
            _quarantine(source, load_id, loaded_at, lake)
        intent.conclude(load_id, source.name, storage)
    result = LandResult(
        source=source.name,
        load_id=load_id,
        rows={landing.stream.name: landing.rows for landing in landings},
        files=sum(len(landing.files) for landing in landings),
        rejected=len(source.rejected),
        events=tuple(event for landing in landings for event in landing.columns.events),
        paused=tuple(landing.paused for landing in landings if landing.paused),
        seconds=round(time.monotonic() - started, 2),
    )
    source.rejected.clear()
    for message in result.events + result.paused:
        log.warning(message)
    return result


def _chosen(source: Source, names: Sequence[str] | None) -> list[Stream]:
    known = {stream.name: stream for stream in source.streams}
    unknown = set(names or ()) - known.keys()
    if unknown:
        raise ValueError(f"{source.name} has no stream {', '.join(sorted(unknown))}; it has {', '.join(known)}")
    return [known[name] for name in names] if names is not None else list(source.streams)


def _prepare(
    source: Source, stream: Stream, window: Window | None, lake: Lake, normalize: Callable[[str], str]
) -> _Landing:
    """The window of a stream, and what its raw table looks like."""
    import pyarrow as pa

    table = f"raw.{source.name}__{stream.name}"
    exists = lake.exists(table)
    known = lake.arrow(f"from {table} limit 0").schema if exists else pa.schema([])
    columns = Columns(table, known, normalize, is_new_table=not exists)
    if window is not None:
        return _Landing(stream, window, columns, cursor_until=None)
    until = clock.now(lake.settings)
    cursor = None if stream.mode == "full" else _cursor(source, stream, lake)
    since = cursor and cursor - max(stream.lag, stream.restate or stream.lag)
    return _Landing(stream, Window(since, until), columns, cursor_until=max(until, cursor or until))


def _cursor(source: Source, stream: Stream, lake: Lake) -> datetime | None:
    cursor: datetime | None = lake.value(
        "select max(cursor_until) from ops.load where source = ? and stream = ?", [source.name, stream.name]
    )
    return cursor and cursor.replace(tzinfo=UTC)


def _stamped(
    source: Source, landing: _Landing, load_id: str, loaded_at: datetime, lake: Lake, progress: Say | None
) -> "Iterator[pa.RecordBatch]":
    """A stream's batches as they land: fitted to the table, without what is there already, stamped."""
    import pyarrow as pa

    stream = landing.stream
    try:
        for number, batch in enumerate(source.read(stream, landing.window)):
            batch = landing.columns.fit(batch)
            if number == 0:
                landing.columns.tell_vanished(batch)
            if landing.cursor_until and landing.window.since and not stream.restate:
                batch = _not_yet_landed(batch, landing, lake)
            if batch.num_rows == 0:
                continue
            landing.rows += batch.num_rows
            ids = pa.repeat(load_id, batch.num_rows)
            stamps = pa.repeat(pa.scalar(loaded_at, pa.timestamp("us", "UTC")), batch.num_rows)
            yield batch.append_column("_load_id", ids).append_column("_loaded_at", stamps)
            if progress:
                progress(stream.name, landing.rows)
    except QuotaSpentError as spent:
        landing.paused = str(spent)
        if landing.cursor_until:
            landing.cursor_until = spent.complete_until


def _not_yet_landed(batch: "pa.RecordBatch", landing: _Landing, lake: Lake) -> "pa.RecordBatch":
    """The overlap behind the cursor is read again for records that came late; those that are there stay out."""
    import pyarrow as pa

    if landing.columns.is_new_table or batch.num_rows == 0:
        return batch
    there = {name for (name, *_) in lake.rows(f"describe {landing.table}")}
    wanted = ", ".join(f'"{name}"' for name in batch.schema.names)
    landed = ", ".join(f'"{name}"' if name in there else f'null as "{name}"' for name in batch.schema.names)
    cursor = landing.columns.normalize(landing.stream.cursor)
    with lake.view("incoming", pa.Table.from_batches([batch])):
        fresh = lake.arrow(
            f'select {wanted} from incoming except select {landed} from {landing.table} where "{cursor}" >= ?',
            [landing.window.since],
        )
    return fresh.cast(batch.schema).combine_chunks().to_batches()[0] if fresh.num_rows else batch.slice(0, 0)


def _register(
    source: Source, landing: _Landing, load_id: str, loaded_at: datetime, lake: Lake, storage: Storage
) -> None:
    """Shows a stream's files to SQL, without a copy, and says so in ops.load."""
    keys = intent.files_of(load_id, source.name, landing.stream.name, storage)
    landing.files = [storage.url(key) for key in keys]
    _guard(source, landing, lake)
    _shape(landing, lake)
    if landing.files:
        lake.execute(
            "call ducklake_add_data_files('lake', ?, ?, schema => 'raw', allow_missing => true, "
            "hive_partitioning => false)",
            [landing.table.split(".")[1], landing.files],
        )
    lake.execute(
        "insert into ops.load by name select ? as load_id, ? as source, ? as stream, ? as rows, ? as files, "
        "? as cursor_until, ? as business_time, ? as loaded_at",
        [
            load_id,
            source.name,
            landing.stream.name,
            landing.rows,
            len(landing.files),
            _naive(landing.cursor_until),
            _naive(clock.now(lake.settings)),
            _naive(loaded_at),
        ],
    )


def _guard(source: Source, landing: _Landing, lake: Lake) -> None:
    """Raises when files and rows disagree, or a full stream shrank by half."""
    if landing.files:
        landed = lake.value("select sum(num_rows) from parquet_file_metadata(?)", [landing.files])
    else:
        landed = 0
    if landed != landing.rows:
        raise RuntimeError(f"{landing.table}: read {landing.rows} rows, landed {landed}. Run the load again.")
    if landing.stream.mode == "full":
        before = lake.value(
            "select rows from ops.load where source = ? and stream = ? order by load_id desc limit 1",
            [source.name, landing.stream.name],
        )
        if before and landing.rows < before / 2:
            raise ShortExtractError(
                f"{landing.table}: {landing.rows} rows, last time {before}. Nothing was replaced. If the platform "
                f"really lost them, delete the stream's newest rows from ops.load and run again."
            )


def _shape(landing: _Landing, lake: Lake) -> None:
    """Creates the raw table, or adds the columns it lacks."""
    import pyarrow as pa

    stamps = [pa.field("_load_id", pa.string()), pa.field("_loaded_at", pa.timestamp("us", "UTC"))]
    schema = landing.columns.known
    if landing.columns.is_new_table:
        schema = pa.schema([*schema, *stamps])
    with lake.view("incoming", schema.empty_table()):
        if landing.columns.is_new_table:
            lake.execute(f"create table {landing.table} as from incoming")
            return
        there = {name for (name, *_) in lake.rows(f"describe {landing.table}")}
        for name, kind, *_ in lake.rows("describe incoming"):
            if name not in there:
                lake.execute(f'alter table {landing.table} add column "{name}" {kind}')


def _quarantine(source: Source, load_id: str, now: datetime, lake: Lake) -> None:
    """Keeps the records that could not be used."""
    import pyarrow as pa

    rows = [
        {
            "source": source.name,
            "stream": bad.stream,
            "load_id": load_id,
            "reason": bad.reason,
            "record": bad.record,
            "quarantined_at": _naive(now),
        }
        for bad in source.rejected
    ]
    if rows:
        lake.append("ops.quarantine", pa.Table.from_pylist(rows))


def _naive(moment: datetime | None) -> datetime | None:
    """As ops.* stores it: UTC, without saying so."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None)
