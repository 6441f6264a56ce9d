"""Out of the lake's past: what a person's deleted rows leave in files, in old snapshots and in the catalogue.

A DELETE in DuckLake writes down which rows are gone and leaves them in their files. They go when the files are
rewritten, the snapshots that know the old ones expire and the old files are deleted. That ends time travel for all:
snapshots are of the whole lake.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from cohorte import postgres
from cohorte.lake import CATALOG, Lake
from cohorte.privacy.subject import Identifiers
from cohorte.privacy.traces import pattern

ORPHANS_OLDER_THAN = "1 hour"
"""A file no snapshot knows may, until then, belong to a writer at work."""


@dataclass(frozen=True)
class Purged:
    """What it took."""

    files_rewritten: int
    snapshots_expired: int
    files_deleted: int


def purge(lake: Lake, identifiers: Identifiers) -> Purged:
    """Rewrites every file with deleted rows, and leaves no older version of anything.

    Of every table, not only where the person was found: whoever left a segment last week is in its files to this day.
    """
    lake.execute(f"call ducklake_flush_inlined_data('{CATALOG}')")
    rewritten = lake.rows(f"call ducklake_rewrite_data_files('{CATALOG}', delete_threshold => 0)")
    expired = lake.rows(f"call ducklake_expire_snapshots('{CATALOG}', older_than => now())")
    cleaned = lake.rows(f"call ducklake_cleanup_old_files('{CATALOG}', cleanup_all => true)")
    orphans = lake.rows(
        f"call ducklake_delete_orphaned_files('{CATALOG}', older_than => now() - interval '{ORPHANS_OLDER_THAN}')"
    )
    _in_catalogue(lake, lambda cursor: _correct_bounds(cursor, pattern(identifiers)))
    return Purged(sum(row[2] for row in rewritten), len(expired), len(cleaned) + len(orphans))


def _correct_bounds(cursor: Any, traces: str) -> None:
    """The least and the greatest value of a table's column outlive their rows: taken anew from its files' own."""
    cursor.execute(
        """
        update ducklake_table_column_stats as known set min_value = present.least, max_value = present.greatest
        from (
            select known.table_id, known.column_id,
                min(files.min_value collate "C") as least, max(files.max_value collate "C") as greatest
            from ducklake_table_column_stats as known
            left join ducklake_file_column_stats as files using (table_id, column_id)
            where known.min_value ~ %(traces)s or known.max_value ~ %(traces)s
            group by known.table_id, known.column_id
        ) as present
        where present.table_id = known.table_id and present.column_id = known.column_id
        """,
        {"traces": traces},
    )
    cursor.execute("vacuum")


def _in_catalogue(lake: Lake, work: Callable[[Any], None]) -> None:
    import psycopg2

    connection = psycopg2.connect(postgres.conninfo(lake.settings))
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        work(cursor)
