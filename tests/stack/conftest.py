"""Whole runs on a small world: real Airflow, PostgreSQL, DuckLake, dbt, MLflow; platforms from the sandbox."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fasteners
import pytest

from cohorte import postgres
from cohorte.lake import Lake
from cohorte.orchestration import local
from cohorte.settings import ROOT, Settings

HOUSEHOLDS = "200"
SOURCES = "salesforce,google_analytics,meta,mailchimp"
"""One of those that send letters stands for all of them."""


class Home:
    """A place for the platform to run in, as a newcomer's `var/` would be."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = Settings(home=path, threads=1, memory_limit="2GB", sandbox_households=int(HOUSEHOLDS))
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "COHORTE", "PYTEST"))}
        self.environment = inherited | {
            "COHORTE_HOME": str(path),
            "COHORTE_SANDBOX_HOUSEHOLDS": HOUSEHOLDS,
            "COHORTE_SOURCES": SOURCES,
            "COHORTE_THREADS": "1",
            "COHORTE_MEMORY_LIMIT": "2GB",
        }

    def start(self, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "cohorte.orchestration.demo"],
            cwd=ROOT,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def demo(self, **environment: str) -> tuple[int, str]:
        """Runs the demo to its end; exit code and what it printed."""
        process = self.start(**environment)
        output, _ = process.communicate(timeout=400)
        return process.returncode, output

    def killed_when(self, condition: Callable[[], bool]) -> None:
        """Starts the demo and kills it, with everything it runs in process, as soon as the condition holds."""
        process = self.start()
        while process.poll() is None:
            if condition():
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                return
            try:
                process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
        raise AssertionError(f"the run ended before it could be killed: {process.communicate()[0]}")

    def summary(self) -> dict[str, Any]:
        return json.loads((self.path / "demo" / "summary.json").read_text())

    def membership(self) -> list[list[Any]]:
        with Lake.open(self.settings, read_only=True) as lake:
            return [list(row) for row in lake.rows("select segment, customer_id from segments.membership order by all")]

    def stop(self) -> None:
        local.stop_sandbox(self.settings)
        postgres.stop(self.settings)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "var")
    yield home
    home.stop()


@dataclass(frozen=True)
class Undisturbed:
    """What a run that nobody disturbed leaves: the measure for those that were killed."""

    home: Home
    summary: dict[str, Any]
    membership: list[list[Any]]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    """One run for all test processes: the first to get here makes it, the others wait for its result."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    home, result = Home(shared / "undisturbed" / "var"), shared / "undisturbed.json"
    with fasteners.InterProcessLock(shared / "undisturbed.lock"):
        is_mine = not result.exists()
        if is_mine:
            code, output = home.demo()
            assert code == 0, output
            result.write_text(json.dumps([home.summary(), home.membership()]))
    yield Undisturbed(home, *json.loads(result.read_text()))
    if is_mine:  # others have read what they wanted of it, or still do
        home.stop()
