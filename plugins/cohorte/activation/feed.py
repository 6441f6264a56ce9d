"""Whose inputs have changed since a sync's last run, from the lake's change feeds: cost follows change.

A feed tells the truth only of tables that are changed row by row (dbt: incremental, merge). A view, a table rebuilt
since, or snapshots that have expired mean that nothing is known, and the plan looks at everybody; so does the first
plan of a day, so that no fault in here can last.
"""

import json
from datetime import UTC, datetime, timedelta

from cohorte.activation.columns import Columns
from cohorte.activation.spec import MEMBERSHIP, SyncSpec
from cohorte.lake import CATALOG, Lake

CONSENT = "marts.dim_consent"
SUPPRESSION = "activation.suppression"
EVERYBODY_EVERY = timedelta(days=1)
MOST = 0.2
"""A feed longer than this share of the audience is no quicker than a look at everybody."""
_METADATA = f"__ducklake_metadata_{CATALOG}"


def definition(sync: SyncSpec) -> str:
    """What a plan depends on besides the lake; when it changes, nothing seen before counts as seen."""
    guarded = (sync.mode, sync.on_leave, str(sync.consent), sync.audience)
    return json.dumps([sync.signature, sync.segments, *guarded])


def find_changed(sync: SyncSpec, *, key_form: str, lake: Lake) -> bool:
    """Fills the temporary table `sync_changed` and says whether it is complete.

    Columns: customer_id, source, and the key they hold or held, where `source` is the table that says so: whoever holds
    the one that somebody gave up may be sent again.
    """
    lake.execute("create or replace temp table sync_changed (customer_id varchar, source varchar, key varchar)")
    since = _settled_at(sync, lake)
    if since is None:
        return False
    touched = _touched_since(since, lake)
    for table in dict.fromkeys((MEMBERSHIP, *sync.tables, *((CONSENT,) if sync.consent else ()), SUPPRESSION)):
        table_id = _lasting_table(table, since, lake)
        if table_id is None:
            return False
        if table_id in touched and (table == SUPPRESSION or not _read_feed(sync, key_form, table, since, lake)):
            return False
    return True


def _settled_at(sync: SyncSpec, lake: Lake) -> int | None:
    """Snapshot up to which everything is settled: the last run's, if it left nothing open and its ledger is whole."""
    last = lake.rows(
        """
        select state, pending, definition, lake_snapshot, acknowledged, compared_at from activation.sync_run
        where sync = ? order by sync_run_id desc limit 1
        """,
        [sync.name],
    )
    if not last:
        return None
    state, pending, defined, snapshot, acknowledged, compared_at = last[0]
    known = lake.value("select count(*) from activation.acknowledged where sync = ?", [sync.name])
    oldest = lake.value(f"select min(snapshot_id) from ducklake_snapshots('{CATALOG}')")
    is_settled = state == "done" and not pending and defined == definition(sync) and acknowledged == known
    is_recent = datetime.now(UTC).replace(tzinfo=None) - compared_at < EVERYBODY_EVERY
    return int(snapshot) if is_settled and is_recent and snapshot >= oldest else None


def _touched_since(since: int, lake: Lake) -> set[int]:
    """Ids of the tables that any later snapshot has written to."""
    names = lake.rows(
        f"""
        select distinct unnest(flatten(map_values(changes))) from ducklake_snapshots('{CATALOG}')
        where snapshot_id > ?
        """,
        [since],
    )
    return {int(name) for (name,) in names if name.isdigit()}


def _lasting_table(table: str, since: int, lake: Lake) -> int | None:
    """Id of a table that was there already at `since`; None for a view, or a table made anew."""
    schema, name = table.split(".")
    found = lake.value(
        f"""
        select any_value(present.table_id)
        from {_METADATA}.ducklake_table as present
        join {_METADATA}.ducklake_schema as folder using (schema_id)
        join {_METADATA}.ducklake_table as life using (table_id)
        where present.end_snapshot is null and folder.end_snapshot is null
            and folder.schema_name = ? and present.table_name = ?
        having min(life.begin_snapshot) <= ?
        """,
        [schema, name, since],
    )
    return None if found is None else int(found)


def _read_feed(sync: SyncSpec, key_form: str, table: str, since: int, lake: Lake) -> bool:
    """Adds the customers of one table's feed; False when it is too long to be worth reading."""
    schema, name = table.split(".")
    feed = f"ducklake_table_changes('{CATALOG}', '{schema}', '{name}', {since + 1}, {lake.snapshot()})"
    most = int(MOST * lake.value("select count(*) from activation.acknowledged where sync = ?", [sync.name])) + 1000
    among = f"where segment in ({', '.join('?' * len(sync.segments))})" if table == MEMBERSHIP else ""
    holds_key = table == sync.key_table != MEMBERSHIP
    key = Columns(sync, key_form).held_key if holds_key else "null"
    lake.execute(
        f"insert into sync_changed select customer_id, ?, {key} from {feed} {among} limit {most + 1}",
        [table, *(sync.segments if among else ())],
    )
    return bool(lake.value("select count(*) <= ? from sync_changed where source = ?", [most, table]))
