"""A lake whose guarded tables are all good, and one at a time bad."""

from collections.abc import Callable, Iterator

import pytest
from fixtures import GOOD

from cohorte.lake import Lake
from cohorte.steps.gate import suites

Plant = Callable[[str, str], None]
LAYERS = ("staging", "marts", "features", "segments")


@pytest.fixture(scope="module")
def good(lake: Lake) -> None:
    """Every guarded table, as it should be, and every source landed."""
    with lake.transaction("plant"):
        for table, query in GOOD.items():
            lake.execute(f"create or replace table {table} as {query}")
    _land(lake)


@pytest.fixture
def plant(good: None, lake: Lake) -> Iterator[Plant]:
    """Makes `schema.table` what a SELECT says, for one test."""
    planted: list[str] = []

    def create(table: str, query: str) -> None:
        planted.append(table)
        lake.execute(f"create or replace table {table} as {query}")

    yield create
    for table in planted:
        lake.execute(f"create or replace table {table} as {GOOD[table]}")
    _land(lake)


def _land(lake: Lake) -> None:
    lake.execute("delete from ops.load")
    sources = {getattr(suite, "SINCE_FIRST_LOAD_OF", None) for layer in LAYERS for suite in suites(layer)}
    lake.execute(
        "insert into ops.load select 'l', unnest(?::varchar[]), 'any', 20, 1, null, null, now()",
        [sorted(filter(None, sources))],
    )
