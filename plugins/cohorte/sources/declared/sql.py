"""Any database SQLAlchemy can speak to, table by table: dlt's `sql_table`, Arrow batches.

With a `cursor` only rows beyond the newest one landed are read, and those within `lag_hours` behind it once more; rows
that are there already stay out. Without one every load reads the whole table.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from cohorte.credentials import Credentials
from cohorte.health import Finding
from cohorte.sources.base import BATCH, About, SourceError, Stream, Window
from cohorte.sources.declared.base import Declared, DeclaredStream, Land

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

DRIVERS = {
    "postgres": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mssql": "mssql+pyodbc",
    "oracle": "oracle+oracledb",
    "sqlite": "sqlite",
    "snowflake": "snowflake",
    "redshift": "redshift+redshift_connector",
}
"""Airflow's connection types and SQLAlchemy's dialects; the driver's package has to be installed."""
CURSOR = "cursor"


class TableLand(Land):
    """What a table of a database says."""

    table: str
    schema_: str | None = Field(default=None, alias="schema")
    cursor: str | None = None
    """A column that only grows: a time of change, or a number."""
    mode: Literal["incremental", "full"] = "incremental"
    lag_hours: float = 0
    """Rows are committed so much later than their cursor says."""

    @model_validator(mode="after")
    def _incremental_has_a_cursor(self) -> "TableLand":
        if self.mode == "incremental" and not self.cursor:
            raise ValueError("an incremental table needs a `cursor`; or say `mode: full`")
        return self


class SqlDatabase(Declared):
    """Connection: of the database's type, or of any type with `url` (SQLAlchemy's) in its extra."""

    about = About(auth=("user and password", "url"), contract="the database's own catalogue")
    Land = TableLand

    @classmethod
    def stream(cls, name: str, land: Any) -> DeclaredStream:
        return DeclaredStream(
            name=name,
            resource=f"{land.schema_}.{land.table}" if land.schema_ else land.table,
            key=land.key,
            cursor=land.cursor or "",
            mode="full" if land.mode == "full" else "bookmarked",
            contract=land.contract,
            is_never_empty=land.is_never_empty,
            land=land,
        )

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        """Rows beyond the cursor; with `since`, those whose cursor, a time, is within the window."""
        assert isinstance(stream, DeclaredStream)
        import sqlalchemy as sa

        engine = sa.create_engine(url(self.name, self.credentials))
        try:
            yield from self._read(stream, window, engine)
        except sa.exc.SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise SourceError(
                f"{self.name}.{stream.name}: {said}. Check `land` of the table and connection "
                f'"{self.credentials.name}"; nothing was landed.'
            ) from None
        finally:
            engine.dispose()

    def examine(self) -> Iterator[Finding]:
        import sqlalchemy as sa

        engine = sa.create_engine(url(self.name, self.credentials))
        try:
            with engine.connect():
                inspector = sa.inspect(engine)
                for stream in self.streams:
                    assert isinstance(stream, DeclaredStream)
                    if not inspector.has_table(stream.land.table, schema=stream.land.schema_):
                        said = f"there is no table {stream.resource}, or it may not be read"
                        yield Finding("scopes", "failure", said, "Mend `land`, or grant SELECT.")
            yield Finding("token", "ok", f"logged in to {engine.url.host or engine.url.database}")
        except sa.exc.SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise SourceError(f'{self.name}: {said}. Check connection "{self.credentials.name}".') from None
        finally:
            engine.dispose()

    def _read(self, stream: DeclaredStream, window: Window, engine: "sa.Engine") -> Iterator["pa.RecordBatch"]:
        import pyarrow as pa
        import pyarrow.compute as pc
        import sqlalchemy as sa
        from dlt.sources.sql_database import sql_table

        land = stream.land
        table = sa.Table(land.table, sa.MetaData(), autoload_with=engine, schema=land.schema_)
        newest: Any = None
        for item in sql_table(
            engine,
            table=land.table,
            schema=land.schema_,
            metadata=table.metadata,
            backend="pyarrow",
            chunk_size=BATCH,
            query_adapter_callback=lambda query, _: self._within(stream, window, query, table),
        ):
            whole = item if isinstance(item, pa.Table) else pa.Table.from_batches([item])
            if stream.mode == "bookmarked" and whole.num_rows:
                newest = max(filter(None, (newest, pc.max(whole[land.cursor]).as_py())), default=None)
            yield from whole.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], whole.schema)]
        if newest is not None:
            self.note(stream, CURSOR, _to_text(newest))

    def _within(self, stream: DeclaredStream, window: Window, query: Any, table: "sa.Table") -> Any:
        land = stream.land
        if stream.mode == "full" and not window.since:
            return query
        if not land.cursor or land.cursor not in table.columns:
            raise SourceError(
                f"{self.name}.{stream.name}: {stream.resource} has no column {land.cursor!r} to follow. Mend `cursor`."
            )
        column = table.columns[land.cursor]
        if window.since:
            if column.type.python_type not in (datetime, date):
                raise SourceError(
                    f"{self.name}.{stream.name}: its cursor {land.cursor} is no time, so no window of time can be "
                    "landed again. Delete its row in ops.bookmark to land everything again."
                )
            zoned = bool(getattr(column.type, "timezone", False))
            bounds = [moment if zoned else moment.replace(tzinfo=None) for moment in (window.since, window.until)]
            return query.where(column >= bounds[0], column < bounds[1])
        noted = self.bookmarks.get(stream.name, {}).get(CURSOR)
        if noted is None:
            return query
        after = _from_text(noted, column.type.python_type)
        if land.lag_hours and isinstance(after, date):
            after -= timedelta(hours=land.lag_hours)
        self.overlap[stream.name] = after
        return query.where((column >= after) | column.is_(None) if column.nullable else column >= after)


def url(source: str, credentials: Credentials) -> "sa.URL":
    """SQLAlchemy's URL of a connection. Raises SourceError when it names no database we know the driver of."""
    import sqlalchemy as sa

    if given := credentials.extra.get("url"):
        return sa.make_url(str(given))
    if credentials.kind not in DRIVERS:
        raise SourceError(
            f'{source}: connection "{credentials.name}" is of type {credentials.kind!r}, none of {", ".join(DRIVERS)}. '
            "Put SQLAlchemy's `url` into its extra."
        )
    return sa.URL.create(
        DRIVERS[credentials.kind],
        username=credentials.login or None,
        password=credentials.password or None,
        host=credentials.host or None,
        port=credentials.port,
        database=credentials.schema or None,
    )


def _to_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _from_text(text: str, kind: type) -> Any:
    if issubclass(kind, datetime | date):
        return kind.fromisoformat(text)
    numbers: dict[type, Callable[[str], Any]] = {int: int, float: float, Decimal: Decimal}
    return numbers.get(kind, str)(text)
