"""Whole runs on a small world: real Airflow, PostgreSQL, DuckLake, dbt, MLflow; platforms from the sandbox."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import fasteners
import pytest
from whole_runs import Home, Undisturbed


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "var")
    yield home
    home.stop()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    """One run for all test processes: the first to get here makes it, the others wait; the last to leave stops it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    shared = tmp_path_factory.getbasetemp().parent if worker else tmp_path_factory.getbasetemp()
    home, result, readers = Home(shared / "undisturbed" / "var"), shared / "undisturbed.json", shared / "readers"
    readers.mkdir(exist_ok=True)
    me = readers / (worker or "alone")
    lock = fasteners.InterProcessLock(shared / "undisturbed.lock")
    with lock:
        if not result.exists():
            code, output = home.demo()
            assert code == 0, output
            result.write_text(json.dumps([home.summary(), home.membership()]))
        me.touch()
    yield Undisturbed(home, *json.loads(result.read_text()))
    with lock:
        me.unlink()
        if not any(readers.iterdir()):
            home.stop()
