"""What all tests share: a lake of their own, on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cohorte import postgres
from cohorte.lake import Lake
from cohorte.settings import Settings
from tests import homes


@pytest.fixture(scope="session")
def prepared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a home of a test's own is copied from."""
    return homes.prepared(tmp_path_factory)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a home of their own; the business day is the sandbox's first."""
    home: Path = tmp_path_factory.mktemp("home")
    return Settings(home=home, clock="2017-11-30T23:59:59", memory_limit="1GB", threads=1)


@pytest.fixture(scope="module")
def lake(settings: Settings, prepared_home: Path) -> Iterator[Lake]:
    """An empty lake, prepared; shared by the tests of one module."""
    homes.copy(prepared_home, settings)
    with Lake.open(settings) as lake:
        yield lake
    postgres.stop(settings)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs first, and one to each of the processes of `make test`: no long test is left for the end.

    A process begins with its share of the list. What reads the undisturbed run goes where that is made.
    """
    runs: dict[str, list[pytest.Item]] = {"test_demo": [], "test_killed": [], "test_scheduler": []}
    others = list[pytest.Item]()
    for item in items:
        of_stack = "stack" in item.path.parts
        (runs.get(item.path.stem, runs["test_demo"]) if of_stack else others).append(item)
    share = -(-len(others) // len(runs))
    items[:] = [item for at, run in enumerate(runs.values()) for item in (*run, *others[at * share : (at + 1) * share])]
