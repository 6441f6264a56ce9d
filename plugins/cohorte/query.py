"""Questions to the lake: one SELECT, on a read-only connection, while whatever runs goes on."""

from typing import TYPE_CHECKING

from cohorte.lake import Lake
from cohorte.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


def select(query: str, *, settings: Settings | None = None) -> "pa.Table":
    """The answer as an Arrow table.

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
    with Lake.open(settings, read_only=True) as lake:
        try:
            return lake.arrow(query)
        except duckdb.Error as error:
            raise ValueError(str(error)) from error
