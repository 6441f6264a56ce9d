"""When a membership began and ended, and by which build and which loads."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cohorte.lake import CATALOG, Lake
from cohorte.segments import moment
from cohorte.segments.arrivals import Arrivals
from cohorte.segments.moment import Moment

TABLE = "membership"
_METADATA = f"__ducklake_metadata_{CATALOG}"


@dataclass(frozen=True)
class Flip:
    """One entry or leave. `loads`: those since the build before that brought rows about the customer."""

    what: str
    """entered | left"""
    happened_at: datetime
    """Business time."""
    snapshot: int | None
    """None once the lake has forgotten it; the history never does."""
    run: str | None
    """The run of Airflow, or dbt's invocation where it was built by hand."""
    loads: tuple[str, ...]
    build: Moment | None
    build_before: Moment | None


def find(segment: str, customer: str, *, until: int, arrivals: Arrivals, then: Lake, lake: Lake) -> list[Flip]:
    """Every entry and leave up to a snapshot, the newest first. then: the lake at that snapshot."""
    stays = then.rows(
        "select entered_at, left_at from segments.history where segment = ? and customer_id = ? order by entered_at",
        [segment, customer],
    )
    times = [time for stay in stays for time in zip(("entered", "left"), stay, strict=True) if time[1] is not None]
    written = _snapshots(segment, customer, until, lake)
    flips = []
    for what, happened_at in reversed(times):
        snapshot = written.pop() if written and written[-1][0] == what else None
        flips.append(_flip(what, happened_at, snapshot[1] if snapshot else None, arrivals, lake))
    return flips


def _snapshots(segment: str, customer: str, until: int, lake: Lake) -> list[tuple[str, int]]:
    """(entered | left, snapshot) from the change feed, as far back as the lake remembers, in order."""
    since = lake.value(
        f"""
        select greatest(min(life.begin_snapshot), (select min(snapshot_id) from ducklake_snapshots('{CATALOG}')))
        from {_METADATA}.ducklake_table as life join {_METADATA}.ducklake_schema as folder using (schema_id)
        where folder.schema_name = 'segments' and life.table_name = '{TABLE}'
        """
    )
    return lake.rows(
        f"""
        select if(change_type = 'insert', 'entered', 'left'), snapshot_id
        from ducklake_table_changes('{CATALOG}', 'segments', '{TABLE}', {since}, {until})
        where segment = ? and customer_id = ? and change_type in ('insert', 'delete') order by snapshot_id, change_type
        """,
        [segment, customer],
    )


def _flip(what: str, happened_at: datetime, snapshot: int | None, arrivals: Arrivals, lake: Lake) -> Flip:
    if snapshot is None:
        return Flip(what, happened_at, None, None, (), None, None)
    build, before = moment.build_of(snapshot, lake=lake)
    said: Any = lake.value(
        f"select commit_extra_info from ducklake_snapshots('{CATALOG}') where snapshot_id = ?", [snapshot]
    )
    about = json.loads(said) if said else {}
    return Flip(
        what,
        happened_at,
        snapshot,
        f"{about['dag_id']} {about['run_id']}" if about.get("dag_id") else f"dbt {about.get('invocation_id', '')}",
        tuple(arrivals.say(_loads(before.snapshot if before else 0, snapshot, lake))),
        build,
        before,
    )


def _loads(after: int, until: int, lake: Lake) -> list[tuple[str, str]]:
    """(source, load id) of what was landed between two snapshots."""
    time = f"(select snapshot_time at time zone 'UTC' from ducklake_snapshots('{CATALOG}') where snapshot_id = ?)"
    return lake.rows(
        f"""
        select distinct source, load_id from ops.load
        where loaded_at > coalesce({time}, timestamp '-infinity') and loaded_at <= {time} and rows > 0
        order by load_id, source
        """,
        [after, until],
    )
