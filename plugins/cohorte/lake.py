"""The lake: DuckLake tables (Parquet and a PostgreSQL catalogue) behind one small object.

Readers never block and every commit is a snapshot that says who wrote it and why.
Facts behind the settings: https://ducklake.select/docs/stable/duckdb/introduction
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from cohorte import postgres
from cohorte.settings import Settings, get_settings, run_context

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

CATALOG = "lake"
EXTENSIONS = ("httpfs", "ducklake", "postgres_scanner")
SCHEMAS = (
    "raw",
    "pii",
    "staging",
    "intermediate",
    "marts",
    "features",
    "segments",
    "ml",
    "activation",
    "ops",
)
RETRY = {"ducklake_max_retry_count": 30, "ducklake_retry_wait_ms": 100, "ducklake_retry_backoff": 1.5}
"""DuckLake commits are optimistic; these many and patient retries make concurrent writers invisible."""
PARQUET = {"parquet_version": "V2", "parquet_compression": "lz4_raw"}
"""Ids and hashes, which nothing compresses, are most of what is read: version 2 writes them one after the other, and
LZ4 does not try for long. As large as version 1 with Snappy, written and read in less time (docs/adr/0025)."""
ROWS_IN_CATALOGUE = "data_inlining_row_limit"
KEEPS_A_BOOK = ("segments", "ml", "activation", "ops")
"""Schemas of tables that grow by a row or two a commit: DuckLake keeps such rows in the catalogue. For tables of other
schemas no read has to ask whether some are there (docs/adr/0035)."""
CONFLICT = "Transaction conflict"
"""How DuckLake says that another writer's commit came first and touched the same rows' files."""
CONFLICT_ATTEMPTS = 8

T = TypeVar("T")


class Lake:
    """A connection to the lake. Use as a context manager; one per thread.

    Parameters of every query are bound (`?`), results come back as Arrow or as plain tuples.
    """

    def __init__(self, connection: "duckdb.DuckDBPyConnection", settings: Settings) -> None:
        self.connection = connection
        self.settings = settings

    @classmethod
    def open(cls, settings: Settings | None = None, *, read_only: bool = False, at_snapshot: int | None = None) -> Self:
        """Attaches the lake, starting the embedded PostgreSQL when the profile is local.

        at_snapshot: the whole lake as it was then, read-only.
        Raises RuntimeError when the catalogue cannot be reached, or no longer has the snapshot.
        """
        import duckdb

        settings = settings or get_settings()
        connection = duckdb.connect(config=connection_config(settings))
        try:
            for statement in attach_statements(settings, read_only=read_only, at_snapshot=at_snapshot):
                connection.execute(statement)
        except duckdb.Error as error:
            connection.close()
            raise RuntimeError(
                f"lake: cannot attach the catalogue ({error}). "
                "Run `cohorte prepare` once, or check COHORTE_CATALOG and COHORTE_LAKE_PATH."
            ) from error
        return cls(connection, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    # reading ---------------------------------------------------------------------------------------------

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, parameters).fetchall()

    def value(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        """First column of the first row, or None when there is no row."""
        row = self.connection.execute(query, parameters).fetchone()
        return row[0] if row else None

    def arrow(self, query: str, parameters: Sequence[Any] = ()) -> "pa.Table":
        if parameters:
            return self.connection.execute(query, parameters).to_arrow_table()
        return self.connection.sql(query).to_arrow_table()  # the whole answer at once: docs/adr/0034

    def exists(self, table: str) -> bool:
        """Whether `schema.table` is there, as a table or a view."""
        import duckdb

        try:
            self.connection.execute(f"describe {CATALOG}.{table}")  # to list all there are takes fifty times as long
        except duckdb.CatalogException:
            return False
        return True

    def snapshot(self) -> int:
        """Id of the newest snapshot: pass it to `changes` or to `AT (VERSION => …)`."""
        return int(self.value(f"select max(snapshot_id) from ducklake_snapshots('{CATALOG}')"))

    def changes(self, table: str, since: int, until: int | None = None) -> "pa.Table":
        """What changed in `schema.table` after snapshot `since`, up to and with `until` (default: now).

        Columns: snapshot_id, rowid, change_type (insert | delete | update_preimage | update_postimage), then
        the table's own.
        """
        schema, name = table.split(".")
        until = self.snapshot() if until is None else until
        return self.arrow(
            f"from ducklake_table_changes('{CATALOG}', '{schema}', '{name}', {since + 1}, {until})"
            if until > since
            else f"from ducklake_table_changes('{CATALOG}', '{schema}', '{name}', {until}, {until}) limit 0"
        )

    # writing ---------------------------------------------------------------------------------------------

    def execute(self, query: str, parameters: Sequence[Any] = ()) -> None:
        self.connection.execute(query, parameters)

    @contextmanager
    def transaction(self, why: str, **context: Any) -> Iterator[Self]:
        """All or nothing, as one snapshot whose commit message says why; `context` goes to its extra info."""
        import duckdb

        self.connection.execute("begin")
        try:
            yield self
            self.connection.execute(
                f"call ducklake_set_commit_message('{CATALOG}', 'cohorte', ?, extra_info => ?)",
                [why, json.dumps(context | run_context(), default=str)],
            )
            self.connection.execute("commit")
        except BaseException:
            # A commit that failed has ended the transaction already.
            with suppress(duckdb.TransactionException):
                self.connection.execute("rollback")
            raise

    def write(self, why: str, work: Callable[[], T], **context: Any) -> T:
        """Runs `work` in a `transaction`, again when a concurrent writer changed the same table first.

        `work` must do all its writing through this lake, so that nothing of a lost attempt stays.
        """
        import duckdb
        import tenacity

        def attempt() -> T:
            with self.transaction(why, **context):
                return work()

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda e: isinstance(e, duckdb.Error) and CONFLICT in str(e)),
            stop=tenacity.stop_after_attempt(CONFLICT_ATTEMPTS),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=5),
            reraise=True,
        )(attempt)

    @contextmanager
    def view(self, name: str, table: "pa.Table") -> Iterator[str]:
        """Shows an Arrow table to SQL under `name` for the length of the block."""
        self.connection.register(name, table)
        try:
            yield name
        finally:
            self.connection.unregister(name)

    def append(self, table: str, data: "pa.Table") -> int:
        """Inserts by column name; returns the number of rows. Call inside `transaction` to say why."""
        if data.num_rows:
            with self.view("incoming", data):
                self.connection.execute(f"insert into {table} by name select * from incoming")
        return int(data.num_rows)

    def prepare(self) -> None:
        """Creates the schemas and the platform's own tables (`ddl/**/*.sql`); safe to run at every start."""
        for schema in SCHEMAS:
            self.connection.execute(f"create schema if not exists {CATALOG}.{schema}")
        self._set_options("", PARQUET | {ROWS_IN_CATALOGUE: "0"})
        for schema in KEEPS_A_BOOK:
            self._set_options(schema, {ROWS_IN_CATALOGUE: "10"})
        for script in sorted((Path(__file__).parent / "ddl").rglob("*.sql")):
            self.connection.execute(script.read_text())

    def _set_options(self, schema: str, options: dict[str, str]) -> None:
        """DuckLake's options of a schema, or of the whole lake for ''."""
        known = dict(
            self.rows(
                f"select option_name, value from {CATALOG}.options() where coalesce(scope_entry, '') = ?", [schema]
            )
        )
        of = f", schema => '{schema}'" if schema else ""
        for name, value in options.items():
            if known.get(name) != value:  # a version is set as "2", and said as "V2"
                self.execute(f"call {CATALOG}.set_option('{name}', '{value.removeprefix('V')}'{of})")


def connection_config(settings: Settings) -> dict[str, Any]:
    """DuckDB's start-up configuration; also used by dbt and by the gates."""
    return {
        "extension_directory": str(_extension_directory(settings)),
        "autoinstall_known_extensions": False,
        "allow_unsigned_extensions": True,  # their signatures were checked when they were put there (docs/adr/0028)
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
    }


def attach_statements(settings: Settings, *, read_only: bool = False, at_snapshot: int | None = None) -> list[str]:
    """The SQL that turns a fresh DuckDB connection into one on the lake."""
    statements = [f"load {extension}" for extension in EXTENSIONS]
    statements += [f"set {name} = {value}" for name, value in RETRY.items()]
    statements.append("set timezone = 'UTC'")
    if settings.data_path.startswith("s3://"):
        statements.append(_s3_secret(settings))
    options = [f"data_path '{settings.data_path}/'"] + (["read_only"] if read_only else [])
    options += [] if at_snapshot is None else [f"snapshot_version {at_snapshot}"]
    statements.append(
        f"attach if not exists 'ducklake:postgres:{postgres.conninfo(settings)}' as {CATALOG} ({', '.join(options)})"
    )
    statements.append(f"use {CATALOG}")
    return statements


def _s3_secret(settings: Settings) -> str:
    parts = [
        "type s3",
        f"region '{settings.s3_region}'",
        f"key_id '{settings.s3_key_id}'",
        f"secret '{settings.s3_secret.get_secret_value()}'",
    ]
    if settings.s3_endpoint:
        parts += [
            f"endpoint '{settings.s3_endpoint}'",
            "url_style 'path'",
            f"use_ssl {str(settings.s3_use_ssl).lower()}",
        ]
    return f"create or replace secret cohorte_s3 ({', '.join(parts)})"


def _extension_directory(settings: Settings) -> Path:
    """Folder holding DuckDB's extensions, filled once from the Python packages that carry them."""
    folder = settings.home.resolve() / "extensions"
    marker = folder / ".complete"
    if not marker.exists():
        import duckdb
        import duckdb_extensions
        import fasteners

        folder.mkdir(parents=True, exist_ok=True)
        with fasteners.InterProcessLock(folder / ".lock"):
            if not marker.exists():
                config: dict[str, Any] = {"extension_directory": str(folder), "autoinstall_known_extensions": False}
                with duckdb.connect(config=config) as connection:
                    for extension in EXTENSIONS:
                        duckdb_extensions.import_extension(extension, con=connection)
                        connection.execute(f"load {extension}")  # raises when DuckDB has not signed it
                marker.touch()
    return folder
