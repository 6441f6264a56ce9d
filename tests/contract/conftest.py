"""One small sandbox a test process, and a fresh copy of it for tests that change something."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from sandbox.server import Running, running

HOUSEHOLDS = 40


@pytest.fixture(scope="session")
def sandbox_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a generated sandbox of 40 households, untouched since."""
    folder = tmp_path_factory.mktemp("sandbox-world")
    with running(folder, households=HOUSEHOLDS):
        pass
    return folder


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory, sandbox_world: Path) -> Iterator[Running]:
    """For tests that only read: clock at its start, nothing planted."""
    folder = tmp_path_factory.mktemp("sandbox") / "shared"
    shutil.copytree(sandbox_world, folder)
    with running(folder, households=HOUSEHOLDS) as server:
        yield server


@pytest.fixture
def sandbox(tmp_path: Path, sandbox_world: Path) -> Iterator[Running]:
    """A test's own sandbox, to change as it likes."""
    shutil.copytree(sandbox_world, tmp_path / "sandbox")
    with running(tmp_path / "sandbox", households=HOUSEHOLDS) as server:
        yield server


@pytest.fixture
def http() -> Iterator[Callable[..., httpx.Client]]:
    """Makes HTTP clients that are closed after the test."""
    with ExitStack() as stack:
        yield lambda base, **options: stack.enter_context(httpx.Client(base_url=base, timeout=30, **options))
