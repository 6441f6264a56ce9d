"""The lake as Great Expectations sees it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cohorte.lake import attach_statements, connection_config
from cohorte.settings import Settings

if TYPE_CHECKING:
    import great_expectations as gx
    from great_expectations.datasource.fluent import SQLDatasource


@contextmanager
def open_source(name: str, settings: Settings, at_snapshot: int) -> Iterator["SQLDatasource"]:
    """One read-only connection to the lake as it was at a snapshot, for all tables of a layer."""
    context: Any = _context()  # its type does not know what SQLAlchemy is given
    with _attached(settings, at_snapshot):
        source = context.data_sources.add_or_update_sql(
            name=name,
            connection_string="duckdb:///:memory:",
            kwargs={"connect_args": {"config": connection_config(settings)}},
            create_temp_table=False,
        )
        try:
            yield source
        finally:
            source.get_execution_engine().close()
            source.get_engine().dispose()


def _context() -> "gx.data_context.EphemeralDataContext":
    import os

    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations as gx
    import great_expectations.execution_engine.sqlalchemy_execution_engine as engine

    class DuckDb(str):
        value = "duckdb"

    # GX closes the connection before it fetches for dialects it does not know (pinned; guarded by a test).
    if not any(getattr(d, "value", d) == "duckdb" for d in engine._PERSISTED_CONNECTION_DIALECTS):
        engine._PERSISTED_CONNECTION_DIALECTS = (*engine._PERSISTED_CONNECTION_DIALECTS, DuckDb("duckdb"))  # type: ignore
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return context


class _attached:
    """While open, every new DuckDB connection of SQLAlchemy is put on the lake."""

    def __init__(self, settings: Settings, at_snapshot: int) -> None:
        self.statements = attach_statements(settings, read_only=True, at_snapshot=at_snapshot)

    def _on_connect(self, connection: Any, _record: Any) -> None:
        for statement in self.statements:
            connection.execute(statement)

    def __enter__(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.listen(Engine, "connect", self._on_connect)

    def __exit__(self, *_: object) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.remove(Engine, "connect", self._on_connect)
