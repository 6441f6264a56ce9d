"""What all tests share: a lake of their own, on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cohorte import postgres
from cohorte.lake import Lake
from cohorte.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a home of their own; the business day is the sandbox's first."""
    home: Path = tmp_path_factory.mktemp("home")
    return Settings(home=home, clock="2017-11-30T23:59:59", memory_limit="1GB", threads=1)


@pytest.fixture(scope="module")
def lake(settings: Settings) -> Iterator[Lake]:
    """An empty lake, prepared; shared by the tests of one module."""
    postgres.create_databases(settings)
    with Lake.open(settings) as lake:
        lake.prepare()
        yield lake
    postgres.stop(settings)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs first, on two of the three processes, so that no long test is left for the end.

    Each process begins with a third of the list. The third one has none of them: the scheduler is held to a time.
    """
    whole_runs = [item for item in items if "stack" in item.path.parts]
    others = [item for item in items if "stack" not in item.path.parts]
    killed = [item for item in whole_runs if "killed" in item.name]
    rest = sorted(
        (item for item in whole_runs if item not in killed), key=lambda item: "scheduler" not in item.path.stem
    )
    third = len(items) // 3
    first, second = third - len(killed), third - len(rest)
    if min(first, second) < 0:
        return
    items[:] = killed + others[:first] + rest + others[first : first + second] + others[first + second :]
