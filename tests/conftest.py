"""What all tests share: a lake of their own, on a real PostgreSQL."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest
from httpx._transports import default

from cohorte import postgres
from cohorte.lake import Lake
from cohorte.settings import Settings
from tests import homes


@pytest.fixture(scope="session", autouse=True)
def _one_tls_context() -> Iterator[None]:
    """Nobody here speaks TLS, and to read the certificates of the world takes longer than most of the calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(default, "create_ssl_context", cache(httpx.create_ssl_context))
        yield


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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="run what is marked long, too: `make test-all`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _leave_out_what_takes_long(config, items)
    _begin_with_whole_runs(items)


def _leave_out_what_takes_long(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each of them says what it is; something smaller of the kind always runs (docs/adr/0029)."""
    for item in items:
        mark = item.get_closest_marker("long")
        if mark and not config.getoption("--all"):
            item.add_marker(pytest.mark.skip(reason=f"{mark.args[0]}: `make test-all`, and CI, run it"))


def _begin_with_whole_runs(items: list[pytest.Item]) -> None:
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
