"""One lake a test process, emptied for every test; and nobody waits."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cohorte.lake import Lake
from cohorte.settings import Settings
from tests.unit.activation.world import Platform, World, from_nothing, new_home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, prepared_home: Path) -> Iterator[Settings]:
    with new_home(tmp_path_factory.mktemp("home"), prepared_home) as settings:
        yield settings


@pytest.fixture(scope="session")
def open_lake(home: Settings) -> Iterator[Lake]:
    with Lake.open(home) as lake:
        yield lake


@pytest.fixture
def world(open_lake: Lake) -> World:
    return from_nothing(open_lake)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cohorte.activation.engine.Engine._backoff", lambda self, failures: 0.0)
