"""A last look: whether anything a person was known by is still somewhere.

Every object below the lake's path (Parquet by value, anything else by its bytes), every table of the catalogue's
database with its statistics and inlined rows, and what else the platform wrote in its home: models, logs, compiled
SQL. A finding names the place, never what was found there. Airflow keeps what a run was started with: there, and in the
logs, a customer_id or the hash of an address is no finding.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohorte import postgres
from cohorte.lake import Lake
from cohorte.privacy.case import OPEN
from cohorte.privacy.keyed import KEY
from cohorte.privacy.subject import Identifiers
from cohorte.privacy.traces import pattern
from cohorte.storage import Storage, open_storage

APART = frozenset({"postgres", "extensions", "sandbox", "lake"})
"""Folders of the home that are looked at by other means, hold no data of ours, or stand in for a platform."""
OF_RUNS = frozenset({"airflow", "logs"})
"""Databases, and folders of the home, that tell of runs."""
MARGIN = 512
"""Bytes read twice, so that nothing hides where one piece of a file ends and the next begins."""
PIECE = 16 << 20
PLAIN = ("BOOLEAN", "DATE", "TIME", "TIMESTAMP", "FLOAT", "DOUBLE", "DECIMAL", "INTERVAL")
"""Types whose values name nobody."""


@dataclass(frozen=True)
class Scan:
    """What was looked at, and where something was found."""

    parquet_files: int
    objects: int
    catalogue_tables: int
    home_files: int
    findings: tuple[str, ...]


def scan(lake: Lake, identifiers: Identifiers) -> Scan:
    """Looks everywhere but in the open cases, which hold what is looked for by right, until they are closed."""
    storage, traces = open_storage(lake.settings), pattern(identifiers)
    of_runs = pattern(identifiers, pseudonyms=False)
    findings: list[str] = []
    keys = [key for key in storage.list("") if key != KEY and not key.startswith(OPEN)]
    parquet = [key for key in keys if key.endswith(".parquet")]
    others = [key for key in keys if not key.endswith(".parquet")]
    is_named = re.compile(traces)
    findings += [f"the name of an object in {key.partition('/')[0]}/" for key in keys if is_named.search(key)]
    for key in parquet:
        if count := _rows_in(lake, storage.url(key), traces):
            findings.append(f"lake object {_shown(key, is_named)}: {count} rows")
    findings += [f"lake object {_shown(key, is_named)}" for key in others if _is_in(_bytes(storage, key), traces)]
    tables = list(_catalogue(lake, traces, of_runs))
    findings += [f"{table}: {count} rows" for table, count in tables if count]
    files = list(_home_files(lake))
    home = lake.settings.home.resolve()
    for file in files:
        is_of_runs = file.relative_to(home).parts[0] in OF_RUNS
        if _is_in(_pieces(file), of_runs if is_of_runs else traces):
            findings.append(f"file {_shown(str(file), is_named)}")
    return Scan(len(parquet), len(others), len(tables), len(files), tuple(findings))


def _rows_in(lake: Lake, url: str, traces: str) -> int:
    """Rows of a Parquet file that hold a trace, in a column of any type."""
    source = "read_parquet(?, hive_partitioning => false)"
    columns = [
        f'"{name}"::varchar'
        for name, kind, *_ in lake.rows(f"describe select * from {source}", [url])
        if not kind.startswith(PLAIN) or kind.endswith("[]")
    ]
    if not columns:
        return 0
    query = f"select count(*) from {source} where regexp_matches(concat_ws(chr(10), {', '.join(columns)}), ?)"
    return int(lake.value(query, [url, traces]))


def _catalogue(lake: Lake, traces: str, of_runs: str) -> Iterator[tuple[str, int]]:
    """Tables of the lake's database, and of Airflow's and MLflow's where they are ours, with the rows found in each."""
    import psycopg2

    databases = postgres.DATABASES if lake.settings.profile == "local" else ("lake",)
    for database in databases:
        connection = psycopg2.connect(postgres.conninfo(lake.settings, database))
        with closing(connection), connection.cursor() as cursor:
            for table, columns in _columns(cursor).items():
                text = ", ".join(columns)
                wanted = of_runs if database in OF_RUNS else traces
                cursor.execute(f"select count(*) from {table} where concat_ws(chr(10), {text}) ~ %s", [wanted])
                yield f"database {database}, table {table}", cursor.fetchone()[0]


def _columns(cursor: Any) -> dict[str, list[str]]:
    """Table -> its columns as text; DuckLake keeps the text of inlined rows as bytes."""
    cursor.execute(
        """
        select format('%I.%I', table_schema, table_name), format('%I', column_name), data_type
        from information_schema.columns join information_schema.tables using (table_schema, table_name)
        where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE' order by 1
        """
    )
    found: dict[str, list[str]] = {}
    for table, column, kind in cursor.fetchall():
        text = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
        found.setdefault(table, []).append(text)
    return found


def _home_files(lake: Lake) -> Iterator[Path]:
    home = lake.settings.home.resolve()
    lake_path = Path(lake.settings.data_path)
    for path in sorted(home.rglob("*")):
        inside = path.relative_to(home).parts[0] not in APART and not path.is_relative_to(lake_path)
        if inside and path.is_file() and not path.is_symlink():
            yield path


def _bytes(storage: Storage, key: str) -> Iterator[bytes]:
    yield storage.get(key)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        end = b""
        while piece := file.read(PIECE):
            yield end + piece
            end = piece[-MARGIN:]


def _is_in(pieces: Iterator[bytes], traces: str) -> bool:
    expression = re.compile(traces.encode())
    return any(expression.search(piece) for piece in pieces)


def _shown(name: str, is_named: "re.Pattern[str]") -> str:
    return is_named.sub("<…>", name)
