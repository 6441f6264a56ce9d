"""What the last run left behind, and what has changed since. Tables are DuckDB relations; where they are kept is not
known here."""

from typing import TYPE_CHECKING, Any

from cohorte.identity import RECORD_COLUMNS

if TYPE_CHECKING:
    import duckdb


def as_it_is(session: "duckdb.DuckDBPyConnection", table: Any, *columns: str) -> "duckdb.DuckDBPyRelation | None":
    """A table as it stands; None when it is not there, or was made before it had all of these columns."""
    import duckdb

    try:
        return session.sql(f"select {', '.join(columns)} from {table}")
    except (duckdb.CatalogException, duckdb.BinderException):
        return None


def fingerprints(records: "duckdb.DuckDBPyRelation", model_id: str) -> "duckdb.DuckDBPyRelation":
    """record_id, fingerprint: another one whenever the record might be linked otherwise than before.

    records: with the columns of RECORD_COLUMNS. model_id: what they are compared by.
    """
    values = ", ".join(f"coalesce({column}::varchar, '')" for column in sorted(RECORD_COLUMNS))
    return records.project(f"record_id, md5(concat_ws(chr(31), '{model_id}', {values})) as fingerprint")
