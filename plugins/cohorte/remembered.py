"""What the last run left in a table, for Python models that make anew only what has changed."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


def as_it_is(session: "duckdb.DuckDBPyConnection", table: Any, *columns: str) -> "duckdb.DuckDBPyRelation | None":
    """A table as it stands; None when it is not there, or was made before it had all of these columns."""
    import duckdb

    try:
        return session.sql(f"select {', '.join(columns)} from {table}")
    except (duckdb.CatalogException, duckdb.BinderException):
        return None


def show(session: "duckdb.DuckDBPyConnection", **tables: Any) -> None:
    """Lets SQL of this connection speak of relations and data frames by the names given."""
    for name, table in tables.items():
        session.register(name, table)
