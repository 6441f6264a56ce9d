"""Questions to the lake: one SELECT, on a read-only connection, while whatever runs goes on.

Answered from the last published snapshot: a lake whose gates had passed, and never half of a build.
"""

from typing import TYPE_CHECKING

from cohorte.lake import CATALOG, Lake
from cohorte.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


JOURNALS = ("ops.", "activation.", "ml.model_version", "ml.drift_result", "ml.audit_result")
"""Schemas and tables that tell what runs do and did: a question about them is about now."""


def select(query: str, *, live: bool = False, settings: Settings | None = None) -> "pa.Table":
    """The answer as an Arrow table: as published, or as everything is at this moment.

    live: at this moment, half-built tables and all. Also when a JOURNAL is asked, and before anything is published.
    Raises ValueError for anything but a single query, and for SQL that DuckDB refuses, with its message.
    """
    import duckdb

    allowed = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise ValueError(f"not SQL: {error}") from error
    if len(statements) != 1 or statements[0].type not in allowed:
        raise ValueError("only one SELECT (or DESCRIBE, SHOW, FROM …) is answered here; nothing was run")
    with Lake.open(settings, read_only=True, at_snapshot=None if live else _published(query, settings)) as lake:
        try:
            return lake.arrow(query)
        except duckdb.Error as error:
            raise ValueError(str(error)) from error


def _published(query: str, settings: Settings | None) -> int | None:
    """The newest published snapshot, unless a journal is asked, or an erasure has ended the past of the lake."""
    import duckdb

    with Lake.open(settings, read_only=True) as lake:
        try:
            asked = lake.connection.get_table_names(query, qualified=True)
        except duckdb.Error:  # it will say so itself
            asked = set()
        if any(name.removeprefix(f"{CATALOG}.").startswith(JOURNALS) for name in asked):
            return None
        return lake.value(
            f"select max(snapshot_id) from ops.published semi join ducklake_snapshots('{CATALOG}') using (snapshot_id)"
        )
