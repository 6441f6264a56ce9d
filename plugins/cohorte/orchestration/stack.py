"""`make up` and `make down`: Airflow's own UI and scheduler over `var/`, with the sandbox behind it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from cohorte import postgres
from cohorte.orchestration import local
from cohorte.settings import ROOT, Settings, get_settings

HEALTHY_WITHIN = 240
"""Seconds; a first start on two busy cores."""


def up(settings: Settings, *, port: int) -> str:
    """Starts what is not running yet; returns the UI's address.

    Raises RuntimeError when the port is taken by somebody else, or when Airflow does not come up.
    """
    import httpx

    state = _read(settings)
    if state and _alive(state["airflow"]):
        return str(state["url"])
    _check_port(port)
    local.prepare(settings)
    sandbox = local.find_sandbox(settings)
    pids: dict[str, Any] = {}
    if sandbox is None:
        process = local.start_sandbox(settings)
        pids["sandbox"] = process.pid
        _write(settings, pids)
        sandbox = local.wait_for_sandbox(settings, process)
    environment = local.airflow_environment(settings, sandbox, port=port)
    environment["AIRFLOW__CORE__DEFAULT_TASK_RETRIES"] = "2"
    log_path = settings.home.resolve() / "logs" / "airflow.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    if (settings.home / "demo").exists():
        _parse_dags_anew(environment)
    with log_path.open("ab") as log:
        airflow = subprocess.Popen(  # noqa: S603
            [str(Path(sys.executable).parent / "airflow"), "standalone"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    postgres.hold(settings, airflow.pid)
    url = environment["AIRFLOW__API__BASE_URL"]
    _write(settings, pids | {"airflow": airflow.pid, "url": url})
    deadline = time.monotonic() + HEALTHY_WITHIN
    while time.monotonic() < deadline and airflow.poll() is None:
        try:
            health = httpx.get(f"{url}/api/v2/monitor/health", timeout=5).json()
            if all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor")):
                return url
        except (httpx.HTTPError, KeyError, ValueError):
            pass
        time.sleep(0.5)
    tail = log_path.read_text(errors="replace")[-600:].strip()
    down(settings)
    raise RuntimeError(f"Airflow did not come up; the end of {log_path} says: {tail}")


def down(settings: Settings) -> list[str]:
    """Stops every process `up` started; returns their names."""
    state = _read(settings)
    stopped = []
    for name in ("airflow", "sandbox"):
        pid = state.get(name)
        if pid and _alive(pid):
            local.stop(pid, patience=30)
            stopped.append(name)
    if stopped:
        postgres.stop(settings)
        stopped.append("postgres")
    _path(settings).unlink(missing_ok=True)
    return stopped


def main() -> int:
    settings = get_settings()
    try:
        if sys.argv[1:] == ["up"]:
            port = settings.airflow_port
            print(f"starting Airflow and the sandbox; log: {settings.home / 'logs' / 'airflow.log'}")
            print(f"Airflow: {up(settings, port=port)}  (no password; stop with `make down`)")
        elif sys.argv[1:] == ["down"]:
            stopped = down(settings)
            print(f"stopped: {', '.join(stopped) if stopped else 'nothing was running'}")
        else:
            print("usage: python -m cohorte.orchestration.stack up|down", file=sys.stderr)
            return 2
    except (RuntimeError, OSError) as error:
        print(f"cohorte: {error}", file=sys.stderr)
        return 1
    return 0


def _parse_dags_anew(environment: dict[str, str]) -> None:
    """`make demo` stored the DAGs without retries; the first tasks, which start while the API server is still coming
    up, need one. Raises RuntimeError with Airflow's own words when a DAG does not parse."""
    done = subprocess.run(  # noqa: S603
        [str(Path(sys.executable).parent / "airflow"), "dags", "reserialize"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"Airflow could not read the DAGs: {done.stderr.strip()[-600:]}")


def _check_port(port: int) -> None:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise RuntimeError(
                f"port {port} is in use by another program. Choose one: COHORTE_AIRFLOW_PORT={port + 1} make up"
            ) from error


def is_up(settings: Settings) -> bool:
    state = _read(settings)
    return bool(state.get("airflow")) and _alive(state["airflow"])


def _alive(pid: int) -> bool:
    """Whether the process is ours and runs; a pid taken over by a stranger after a reboot does not count."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any(
            word in part for part in process.cmdline() for word in ("airflow", "sandbox")
        )
    except psutil.Error:
        return False


def _path(settings: Settings) -> Path:
    return settings.home.resolve() / "stack.json"


def _read(settings: Settings) -> dict[str, Any]:
    try:
        return json.loads(_path(settings).read_text())
    except FileNotFoundError:
        return {}


def _write(settings: Settings, state: dict[str, Any]) -> None:
    _path(settings).write_text(json.dumps(state))


if __name__ == "__main__":
    sys.exit(main())
