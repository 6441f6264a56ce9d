"""Which records have changed since they were compared. Tables are DuckDB relations; where they are kept is not known
here."""

from typing import TYPE_CHECKING

from cohorte.identity import RECORD_COLUMNS

if TYPE_CHECKING:
    import duckdb


def fingerprints(records: "duckdb.DuckDBPyRelation", model_id: str) -> "duckdb.DuckDBPyRelation":
    """record_id, fingerprint: another one whenever the record might be linked otherwise than before.

    records: with the columns of RECORD_COLUMNS. model_id: what they are compared by.
    """
    values = ", ".join(f"coalesce({column}::varchar, '')" for column in sorted(RECORD_COLUMNS))
    return records.project(f"record_id, md5(concat_ws(chr(31), '{model_id}', {values})) as fingerprint")
