"""Landed files shown to SQL, and what the lake notes about them, in the caller's transaction."""

from datetime import UTC, datetime

from cohorte.lake import CATALOG, Lake
from cohorte.landing.delivery import Delivery
from cohorte.privacy.arrivals import Erased
from cohorte.sources.base import Source


class ShortExtractError(RuntimeError):
    """A load brought far fewer rows than it must have."""


def register(delivery: Delivery, load_id: str, now: datetime, loaded_at: datetime, lake: Lake) -> None:
    """Adds a stream's files to its raw table, without a copy, and the load to ops.load.

    Raises ShortExtractError when a full stream shrank by half, or one that is never empty brought nothing;
    RuntimeError when rows got lost on their way.
    """
    _check_rows(delivery, lake)
    _shape_table(delivery, lake)
    if delivery.files:
        lake.execute(
            f"call ducklake_add_data_files('{CATALOG}', ?, ?, schema => 'raw', hive_partitioning => false)",
            [delivery.table.removeprefix("raw."), delivery.files],
        )
    lake.execute(
        "insert into ops.load by name select ? as load_id, ? as source, ? as stream, ? as rows, ? as files, "
        "? as cursor_until, ? as business_time, ? as loaded_at",
        [
            load_id,
            delivery.source.name,
            delivery.stream.name,
            delivery.rows,
            len(delivery.files),
            _naive(delivery.cursor_until) if delivery.cursor_until else None,
            _naive(now),
            _naive(loaded_at),
        ],
    )


def tell(delivery: Delivery, load_id: str, loaded_at: datetime, lake: Lake) -> None:
    """Keeps what was worth telling of a stream in ops.load_event."""
    import pyarrow as pa

    if not delivery.events:
        return
    rows = [
        {
            "load_id": load_id,
            "source": delivery.source.name,
            "stream": delivery.stream.name,
            "event": event,
            "told_at": _naive(loaded_at),
        }
        for event in delivery.events
    ]
    lake.append("ops.load_event", pa.Table.from_pylist(rows))


def bookmark(delivery: Delivery, load_id: str, lake: Lake) -> None:
    """Keeps what the source noted of a stream; a backfill leaves the notes as they are."""
    import pyarrow as pa

    noted = delivery.source.noted.get(delivery.stream.name)
    if not noted or not delivery.cursor_until:
        return
    source, stream = delivery.source.name, delivery.stream.name
    rows = [
        {"source": source, "stream": stream, "item": item, "version": version, "load_id": load_id}
        for item, version in noted.items()
    ]
    with lake.view("noted", pa.Table.from_pylist(rows)):
        lake.execute(
            "delete from ops.bookmark where source = ? and stream = ? and item in (select item from noted)",
            [source, stream],
        )
        lake.execute("insert into ops.bookmark by name from noted")


def quarantine(source: Source, load_id: str, loaded_at: datetime, lake: Lake, erased: Erased | None = None) -> None:
    """Keeps the records that could not be used in ops.quarantine; not those that name people who were erased."""
    import pyarrow as pa

    if erased:
        source.rejected = [bad for bad in source.rejected if not erased.names(bad.record)]
    if not source.rejected:
        return
    rows = [
        {"source": source.name, "stream": bad.stream, "load_id": load_id, "reason": bad.reason, "record": bad.record}
        for bad in source.rejected
    ]
    table = pa.Table.from_pylist(rows)
    moment = pa.repeat(pa.scalar(_naive(loaded_at), pa.timestamp("us")), len(rows))
    lake.append("ops.quarantine", table.append_column("quarantined_at", moment))


def _check_rows(delivery: Delivery, lake: Lake) -> None:
    landed = 0
    if delivery.files:
        landed = lake.value("select sum(num_rows)::bigint from parquet_file_metadata(?)", [delivery.files])
    if landed != delivery.rows:
        raise RuntimeError(f"{delivery.table}: read {delivery.rows} rows, landed {landed}. Run the load again.")
    if delivery.stream.is_never_empty and not delivery.rows and not delivery.paused and delivery.cursor_until:
        raise ShortExtractError(
            f"{delivery.table}: no row since {delivery.window.since or 'the beginning'}, and there is always one. "
            "Nothing was landed and the cursor stays. See whether the platform still delivers, then run the load again."
        )
    if delivery.stream.mode == "full" and delivery.cursor_until:
        before = lake.value(
            "select rows from ops.load where source = ? and stream = ? order by load_id desc limit 1",
            [delivery.source.name, delivery.stream.name],
        )
        if before and delivery.rows < before / 2:
            raise ShortExtractError(
                f"{delivery.table}: {delivery.rows} rows, last time {before}. Nothing was landed. If the platform "
                f"really lost them, run `cohorte run land {delivery.source.name}` once with --since and --until."
            )


def _shape_table(delivery: Delivery, lake: Lake) -> None:
    """Creates the raw table, or adds the columns it lacks."""
    import pyarrow as pa

    columns = delivery.columns
    if not columns.came:
        return
    stamps = [pa.field("_load_id", pa.string()), pa.field("_loaded_at", pa.timestamp("us", "UTC"))]
    schema = pa.schema([*columns.known, *stamps]) if columns.is_new_table else columns.known
    with lake.view("incoming", schema.empty_table()):
        if columns.is_new_table:
            lake.execute(f"create table {delivery.table} as from incoming")
            return
        there = {name for (name, *_) in lake.rows(f"describe {delivery.table}")}
        for name, kind, *_ in lake.rows("describe incoming"):
            if name not in there:
                lake.execute(f'alter table {delivery.table} add column "{name}" {kind}')


def _naive(moment: datetime) -> datetime:
    """As ops.* stores it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
