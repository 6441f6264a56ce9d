"""A lake with one table at a time, good or bad."""

from collections.abc import Callable

import pytest

from cohorte.lake import Lake

Plant = Callable[[str, str], None]


@pytest.fixture
def plant(lake: Lake) -> Plant:
    """Puts `schema.table` into the lake as the given SELECT."""

    def create(table: str, query: str) -> None:
        lake.execute(f"create or replace table {table} as {query}")

    return create
