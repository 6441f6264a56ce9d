"""The local stack: what Airflow needs to run from `var/`, and the sandbox that stands in for the platforms.

Importing this does not import Airflow; `apply` must have run before anything does.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohorte import postgres
from cohorte.settings import ROOT, Settings

SANDBOX_STARTS_WITHIN = 180
"""Seconds, for each copy of the households: the first start makes the world."""


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that answers at `url`."""

    url: str

    @property
    def clock_url(self) -> str:
        return f"{self.url}/_control/clock"

    def get(self, path: str) -> Any:
        import httpx

        return httpx.get(f"{self.url}/_control/{path}", timeout=60).raise_for_status().json()

    def set_clock(self, now: str) -> None:
        import httpx

        httpx.post(self.clock_url, json={"now": now}, timeout=60).raise_for_status()

    def reset_stats(self) -> None:
        import httpx

        httpx.post(f"{self.url}/_control/stats/reset", timeout=60).raise_for_status()


def airflow_environment(settings: Settings, sandbox: RunningSandbox | None, *, port: int = 8080) -> dict[str, str]:
    """Airflow's configuration for this machine, as environment variables."""
    home = settings.home.resolve() / "airflow"
    environment = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "120",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": _secret(home / "jwt_secret"),
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.sqlalchemy_url(settings, "airflow"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(settings.home.resolve() / "logs"),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        # A DAG's file that has changed is read at once; all of them every 30 seconds took a tenth of two cores. What a
        # DAG reads (a new connection in `_syncs.yml`) is seen within these seconds, or after the next `make up`.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "COHORTE_HOME": str(settings.home.resolve()),
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "plugins"), str(ROOT)]),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    if sandbox:
        environment["COHORTE_CLOCK"] = sandbox.clock_url
        for name, connection in sandbox.get("connections").items():
            environment[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(connection)
    return environment


def apply(environment: dict[str, str]) -> None:
    """Puts the environment in force for this process and its children; settings are read anew."""
    from cohorte.settings import get_settings

    os.environ.update(environment)
    get_settings.cache_clear()


def enter() -> None:
    """For a shell: the connections and the clock that the demo and `make up` work with, unless Airflow is configured.

    With them a single step reaches the sandbox while it runs, and the connections kept in this machine's Airflow.
    To be called before anything imports Airflow, which reads its configuration then.
    """
    from cohorte.settings import get_settings

    settings = get_settings()
    if settings.profile == "local" and "AIRFLOW_HOME" not in os.environ:
        apply(airflow_environment(settings, find_sandbox(settings)))


def prepare(settings: Settings) -> None:
    """Databases, schemas and the platform's own tables; safe to repeat."""
    from cohorte.lake import Lake
    from cohorte.landing import catalog

    settings.home.mkdir(parents=True, exist_ok=True)
    _check_disk(settings.home)
    postgres.create_databases(settings)
    with Lake.open(settings) as lake:
        lake.prepare()
        catalog.create_tables(lake)


def migrate_airflow() -> None:
    """Airflow's tables, when they are missing or older than the installed version."""
    from airflow.utils import db

    try:
        db.check_migrations(0)
    except TimeoutError:
        db.initdb()


def start_sandbox(settings: Settings, *, port: int = 0) -> "subprocess.Popen[bytes]":
    folder = settings.home.resolve() / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "port").unlink(missing_ok=True)
    command = [sys.executable, "-m", "sandbox", "serve", "--dir", str(folder / "world")]
    command += ["--port", str(port), "--port-file", str(folder / "port")]
    if settings.sandbox_households:
        command += ["--households", str(settings.sandbox_households)]
    if settings.sandbox_scale > 1:
        command += ["--scale", str(settings.sandbox_scale)]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
    (folder / "pid").write_text(str(process.pid))
    return process


def stop_sandbox(settings: Settings) -> None:
    """Stops the sandbox of this home, whoever started it."""
    import psutil

    try:
        pid = int((settings.home / "sandbox" / "pid").read_text())
        is_ours = "sandbox" in psutil.Process(pid).cmdline()
    except (OSError, ValueError, psutil.Error):
        return
    if is_ours:
        stop(pid)


def wait_for_sandbox(settings: Settings, process: "subprocess.Popen[bytes]") -> RunningSandbox:
    """Raises RuntimeError with the end of its log when it does not come up."""
    deadline = time.monotonic() + SANDBOX_STARTS_WITHIN * settings.sandbox_scale
    while time.monotonic() < deadline and process.poll() is None:
        running = find_sandbox(settings)
        if running:
            return running
        time.sleep(0.2)
    log = settings.home / "sandbox" / "log"
    raise RuntimeError(f"the sandbox did not start; the end of {log} says: {log.read_text()[-800:].strip()}")


def find_sandbox(settings: Settings) -> RunningSandbox | None:
    import httpx

    port_file = settings.home / "sandbox" / "port"
    try:
        running = RunningSandbox(f"http://127.0.0.1:{int(port_file.read_text())}")
        running.get("clock")
    except (OSError, ValueError, httpx.HTTPError):
        return None
    return running


def stop(pid: int, *, patience: float = 15) -> None:
    """Ends a process we started with its whole group: politely, then for good."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, kind)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            try:
                os.killpg(pid, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.1)


def _check_disk(folder: Path, need_mb: int = 1500) -> None:
    import shutil

    free_mb = shutil.disk_usage(folder).free // 2**20
    if free_mb < need_mb:
        raise RuntimeError(
            f"{free_mb} MB free in {folder}, a run takes up to {need_mb} MB. Free some space, then again."
        )


def _secret(path: Path) -> str:
    """A secret of this installation, made once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()
