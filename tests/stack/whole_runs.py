"""A place of its own for the platform to run in, whole, as a newcomer's `make demo` would."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class Undisturbed:
    """What a run that nobody disturbed leaves: the measure for those that were killed."""

    home: Home
    summary: dict[str, Any]
    membership: list[list[Any]]
