"""Records in their normal form, kept from run to run: only those that changed are normalised. Tables are DuckDB
relations of one connection; where they are kept is not known here."""

from functools import lru_cache
from typing import TYPE_CHECKING

from cohorte.identity import RECORD_COLUMNS

if TYPE_CHECKING:
    import duckdb

NORMAL_COLUMNS = ("record_id", *RECORD_COLUMNS.values(), "fingerprint")


@lru_cache
def reading() -> str:
    """Another one whenever the same values might come out otherwise: by other rules, or by another `phonenumbers`."""
    import hashlib
    from importlib.metadata import version
    from pathlib import Path

    from cohorte.identity import normalise

    rules = Path(str(normalise.__file__)).read_bytes()
    return hashlib.sha256(rules + version("phonenumbers").encode()).hexdigest()[:12]


def normal_forms(
    connection: "duckdb.DuckDBPyConnection",
    records: "duckdb.DuckDBPyRelation",
    before: "duckdb.DuckDBPyRelation | None",
) -> "duckdb.DuckDBPyRelation":
    """Records in their normal form, with a fingerprint of what they said: those that are new, or say something else.

    records: record_id and the columns of RECORD_COLUMNS. before: what was answered before, with NORMAL_COLUMNS; None
    for nothing. A record that is gone comes with its id alone.
    """
    from cohorte.identity.normalise import normalise

    values = ", ".join(f"coalesce({column}::varchar, '')" for column in sorted(RECORD_COLUMNS))
    printed = records.project(f"*, md5(concat_ws(chr(31), '{reading()}', {values})) as fingerprint")
    connection.register("printed", printed)
    connection.register("known", printed.limit(0) if before is None else before)
    connection.sql("create or replace temp table due as from printed anti join known using (record_id, fingerprint)")
    connection.sql(
        "create or replace temp table gone as select record_id from known anti join printed using (record_id)"
    )
    forms = connection.table("due").limit(0).project(", ".join(_as_null(column) for column in NORMAL_COLUMNS))
    if connection.sql("select 1 from due limit 1").fetchone():
        connection.register("normal", normalise(connection.table("due").df(), RECORD_COLUMNS, "record_id", "US"))
        columns = ", ".join(f"normal.{column}::varchar as {column}" for column in NORMAL_COLUMNS[:-1])
        forms = connection.sql(f"select {columns}, due.fingerprint from normal inner join due using (record_id)")
    nothing = ", ".join(_as_null(column) for column in NORMAL_COLUMNS[1:])
    return forms.union(connection.sql(f"select record_id, {nothing} from gone"))


def _as_null(column: str) -> str:
    return f"null::varchar as {column}"
