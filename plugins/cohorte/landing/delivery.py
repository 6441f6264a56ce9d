"""One stream of a load: from which moment it is read, and its batches on their way to Parquet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cohorte.lake import Lake
from cohorte.landing.bad_rows import put_aside
from cohorte.landing.columns import Columns
from cohorte.privacy.arrivals import Erased
from cohorte.sources.base import QuotaSpentError, Source, Stream, Window

if TYPE_CHECKING:
    import pyarrow as pa

Say = Callable[[str, int], None]
"""Called with a stream's name and its rows so far."""


@dataclass
class Delivery:
    """A stream at work."""

    source: Source
    stream: Stream
    window: Window
    columns: Columns
    cursor_until: datetime | None
    """Where the next load goes on; None for a backfill, which moves no cursor."""
    rows: int = 0
    paused: str = ""
    """Why it stopped early."""
    files: list[str] = field(default_factory=list)

    @property
    def table(self) -> str:
        return self.columns.table

    @property
    def events(self) -> tuple[str, ...]:
        """What was worth telling: of its columns, by its source, and that it stopped early."""
        told = (*self.columns.events, *self.source.told.get(self.stream.name, ()))
        return (*told, self.paused) if self.paused else told

    @classmethod
    def plan(
        cls,
        source: Source,
        stream: Stream,
        window: Window | None,
        *,
        now: datetime,
        lake: Lake,
        normalize: Callable[[str], str],
    ) -> "Delivery":
        """Without a window: from the stream's cursor, less what it re-reads, up to `now`."""
        import pyarrow as pa

        table = f"raw.{source.name}__{stream.name}"
        exists = lake.exists(table)
        known = lake.arrow(f"from {table} limit 0").schema if exists else pa.schema([])
        loads = lake.value("select count(*) from ops.load where source = ? and stream = ?", [source.name, stream.name])
        columns = Columns(table, known, normalize, is_new_table=not exists, is_first_load=not loads)
        columns.contract = stream.contract
        columns.reject = lambda reason, record: source.reject(stream, reason, record)
        if window is not None:
            source.bookmarks.pop(stream.name, None)
            return cls(source, stream, window, columns, cursor_until=None)
        if stream.mode == "bookmarked":
            source.bookmarks[stream.name] = dict(
                lake.rows(
                    "select item, version from ops.bookmark where source = ? and stream = ?", [source.name, stream.name]
                )
            )
        cursor = None if stream.mode != "incremental" else _cursor(source, stream, lake)
        since = cursor and cursor - (stream.restate or stream.lag)
        # Platforms stamp to the second: with the one that is running, an edit made just now is in.
        until = now + timedelta(seconds=1)
        return cls(source, stream, Window(since, until), columns, cursor_until=max(now, cursor or now))

    def batches(
        self, load_id: str, loaded_at: datetime, lake: Lake, say: Say | None, erased: Erased | None = None
    ) -> Iterator["pa.RecordBatch"]:
        """What lands: without people who were erased and without bad rows, fitted to the table, without what is there
        already, stamped."""
        import pyarrow as pa

        try:
            for read in self.source.read(self.stream, self.window):
                if erased:
                    read = erased.without(read, self.table, self.columns.normalize)
                batch = self.columns.fit(put_aside(read, self.source, self.stream))
                if (behind := self._read_again_from()) is not None:
                    batch = self._not_yet_landed(batch, behind, lake)
                if batch.num_rows == 0:
                    continue
                self.rows += batch.num_rows
                stamp = pa.scalar(loaded_at, pa.timestamp("us", "UTC"))
                yield batch.append_column("_load_id", pa.repeat(load_id, batch.num_rows)).append_column(
                    "_loaded_at", pa.repeat(stamp, batch.num_rows)
                )
                if say:
                    say(self.stream.name, self.rows)
        except QuotaSpentError as spent:
            self.paused = str(spent)
            self.cursor_until = spent.complete_until if self.cursor_until else None
        self._tell_gone(lake)

    def _read_again_from(self) -> Any:
        """The value of the cursor from which on what is read may be landed already; None when it may not, or must."""
        if not self.cursor_until or self.stream.restate:
            return None
        return self.source.overlap.get(self.stream.name, self.window.since)

    def _not_yet_landed(self, batch: "pa.RecordBatch", behind: Any, lake: Lake) -> "pa.RecordBatch":
        """What is behind the cursor is read again for records that came late; those that are there stay out."""
        import pyarrow as pa

        if self.columns.is_new_table or batch.num_rows == 0:
            return batch
        there = {name for (name, *_) in lake.rows(f"describe {self.table}")}
        wanted = ", ".join(f'"{name}"' for name in batch.schema.names)
        landed = ", ".join(f'"{name}"' if name in there else f'null as "{name}"' for name in batch.schema.names)
        cursor = self.columns.normalize(self.stream.cursor)
        # A platform fills its own time of change. A column of somebody's table may be null: such rows are always read.
        behind_it = f'"{cursor}" >= ?' + (f' or "{cursor}" is null' if self.stream.mode == "bookmarked" else "")
        with lake.view("incoming", pa.Table.from_batches([batch])):
            fresh = lake.arrow(
                f"select {wanted} from incoming except select {landed} from {self.table} where {behind_it}",
                [behind],
            )
        return fresh.cast(batch.schema).combine_chunks().to_batches()[0] if fresh.num_rows else batch.slice(0, 0)

    def _tell_gone(self, lake: Lake) -> None:
        """Tells of columns the platform no longer has: once, with the first load that lacks them."""
        if not self.rows or not self.stream.has_fixed_columns:
            return
        self.columns.check_gone()
        for name in self.columns.gone():
            if lake.value(
                f'select count("{name}") from {self.table} where _load_id = (select max(_load_id) from {self.table})'
            ):
                self.columns.tell(f"column {name} is gone; it is null from now on")


def _cursor(source: Source, stream: Stream, lake: Lake) -> datetime | None:
    cursor: datetime | None = lake.value(
        "select max(cursor_until) from ops.load where source = ? and stream = ?", [source.name, stream.name]
    )
    return cursor and cursor.replace(tzinfo=UTC)
