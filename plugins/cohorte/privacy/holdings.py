"""The rows of the lake that are about one person, table by table: what export shows and erasing deletes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cohorte.lake import CATALOG, Lake
from cohorte.privacy.columns import BLANKED, TEXTS, Kinds, identifying
from cohorte.privacy.subject import Identifiers
from cohorte.privacy.traces import pattern

if TYPE_CHECKING:
    import pyarrow as pa

BLANK = "(erased)"
PHONE = ("phone",)
"""Selects no row: couples share a number."""


@dataclass(frozen=True)
class Holding:
    """One table and the condition that finds a person's rows in it; needs `identified` (see below)."""

    table: str
    condition: str
    texts: tuple[str, ...]
    """Columns the condition looks for names in."""
    is_blanked: bool
    """Whether its rows stay, with their text struck out."""


def identify(lake: Lake, identifiers: Identifiers) -> None:
    """Shows the identifiers to SQL as the temporary table `identified` (kind, value) for what follows."""
    import pyarrow as pa

    rows = [{"kind": kind, "value": value} for kind, values in identifiers.items() for value in sorted(values)]
    schema = pa.schema([("kind", pa.string()), ("value", pa.string())])
    with lake.view("given", pa.Table.from_pylist(rows, schema)):
        lake.execute("create or replace temp table identified as select kind, value from given")


def holdings(lake: Lake, identifiers: Identifiers) -> list[Holding]:
    """Every table that may hold rows about a person, whatever schema it is in; views hold nothing."""
    tables = lake.rows(
        """
        select schema_name || '.' || table_name, list(column_name order by column_index)
        from duckdb_columns() join duckdb_tables() using (database_name, schema_name, table_name)
        where database_name = ? group by all order by 1
        """,
        [CATALOG],
    )
    traces = pattern(identifiers).replace("'", "''")
    found = []
    for table, columns in tables:
        texts, named = TEXTS.get(table, ()), identifying(table, columns)
        parts = [_matches(column, kinds) for column, kinds in named.items() if kinds != PHONE]
        parts += [f"regexp_matches(\"{text}\", '{traces}')" for text in texts]
        if parts:
            condition = " or ".join(f"coalesce({part}, false)" for part in parts)
            found.append(Holding(table, condition, texts, table in BLANKED))
    return found


def held(lake: Lake, identifiers: Identifiers) -> dict[str, int]:
    """Rows about the person by table, where there are any."""
    identify(lake, identifiers)
    counts = {
        holding.table: lake.value(f"select count(*) from {_quoted(holding.table)} where {holding.condition}")
        for holding in holdings(lake, identifiers)
    }
    return {table: count for table, count in counts.items() if count}


def rows(lake: Lake, identifiers: Identifiers) -> "Iterator[tuple[str, pa.Table]]":
    """Table and the person's rows of it, where there are any."""
    identify(lake, identifiers)
    for holding in holdings(lake, identifiers):
        answer = lake.arrow(f"from {_quoted(holding.table)} where {holding.condition}")
        if answer.num_rows:
            yield holding.table, answer


def delete(lake: Lake, identifiers: Identifiers) -> None:
    """Deletes the person's rows everywhere; to be called in a transaction."""
    identify(lake, identifiers)
    for holding in holdings(lake, identifiers):
        if holding.is_blanked:
            struck = ", ".join(f"\"{text}\" = '{BLANK}'" for text in holding.texts)
            lake.execute(f"update {_quoted(holding.table)} set {struck} where {holding.condition}")
        else:
            lake.execute(f"delete from {_quoted(holding.table)} where {holding.condition}")


def _matches(column: str, kinds: Kinds) -> str:
    among = ", ".join(f"'{kind}'" for kind in kinds if kind != "phone")
    value = f'"{column}"::varchar'
    form = f"lower(trim({value}))" if kinds == ("email",) else value
    return f"{form} in (select value from identified where kind in ({among}))"


def _quoted(table: str) -> str:
    return ".".join(f'"{part}"' for part in re.split(r"\.", table, maxsplit=1))
