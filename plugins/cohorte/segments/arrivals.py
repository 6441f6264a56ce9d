"""Which loads brought rows about a customer, by the map that says whom a row is about (cohorte.privacy)."""

from collections import defaultdict
from collections.abc import Collection
from functools import cached_property

from cohorte.lake import Lake
from cohorte.privacy import holdings
from cohorte.privacy.holdings import Holding
from cohorte.privacy.subject import find

RAW = "raw."


class Arrivals:
    """A customer's rows among those that landed. tables: `schema.table` of those that count; None: all."""

    def __init__(self, customer: str, tables: Collection[str] | None, lake: Lake) -> None:
        self.customer = customer
        self.tables = tables
        self.lake = lake

    def say(self, loads: Collection[tuple[str, str]]) -> list[str]:
        """Of some loads (source, load id) those that hold rows of the customer: how many, and of which streams."""
        found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for holding in self._holdings if loads else ():
            source, _, stream = holding.table.removeprefix(RAW).partition("__")
            rows = self.lake.rows(
                f"select _load_id, count(*) from {holding.table} "
                f"where list_contains(?::varchar[], _load_id) and ({holding.condition}) group by 1",
                [[load for of, load in loads if of == source]],
            )
            for load, count in rows:
                found[source, load][stream] = count
        return [_said(source, load, found[source, load]) for source, load in loads if (source, load) in found]

    @cached_property
    def _holdings(self) -> list[Holding]:
        identifiers = find(self.lake, customer_id=self.customer).identifiers
        holdings.identify(self.lake, identifiers)
        landed = {
            table
            for (table,) in self.lake.rows(
                "select schema_name || '.' || table_name from duckdb_columns() "
                "where database_name = 'lake' and column_name = '_load_id'"
            )
        }
        wanted = landed if self.tables is None else landed & set(self.tables)
        return [
            holding
            for holding in holdings.holdings(self.lake, identifiers)
            if holding.table.startswith(RAW) and holding.table in wanted
        ]


def _said(source: str, load: str, streams: dict[str, int]) -> str:
    rows = sum(streams.values())
    return f"{source} {load} ({rows:,} {'row' if rows == 1 else 'rows'}: {', '.join(sorted(streams))})"
