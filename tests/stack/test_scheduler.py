"""`make up`: with a real scheduler, one trigger goes by assets all the way to the platforms."""

import os
import socket
import subprocess
import sys
import time
from datetime import timedelta

import httpx
import pytest
from whole_runs import Home

from cohorte.lake import Lake
from cohorte.settings import ROOT

pytestmark = pytest.mark.slow

PATIENCE = 600
"""Seconds before a test gives up: no promise of how long anything takes, and long enough for a busy machine."""


@pytest.fixture
def stack(home: Home, request: pytest.FixtureRequest) -> httpx.Client:
    """Airflow over an empty home, and a client of its API."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = home.environment | {"COHORTE_AIRFLOW_PORT": str(port)}

    def make(target: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "cohorte.orchestration.stack", target]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)

    request.addfinalizer(lambda: make("down"))
    started = make("up")
    assert started.returncode == 0, started.stderr
    url = f"http://localhost:{port}"
    assert url in started.stdout
    token = httpx.post(f"{url}/auth/token", json={"username": "admin", "password": "admin"}, timeout=60).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return httpx.Client(base_url=f"{url}/api/v2", headers=headers, timeout=60)


def trigger(stack: httpx.Client, dag: str) -> None:
    stack.post(f"/dags/{dag}/dagRuns", json={"logical_date": None}).raise_for_status()


def wait(stack: httpx.Client, dag: str, *, within: float) -> str | None:
    """The state in which the first run of a DAG ends, or the one it is in when its time (seconds) is over."""
    state, deadline = None, time.monotonic() + within
    while state not in ("success", "failed") and time.monotonic() < deadline:
        time.sleep(1)
        runs = stack.get(f"/dags/{dag}/dagRuns").json()["dag_runs"]
        state = runs[0]["state"] if runs else None
    return state


@pytest.mark.long("a real scheduler: from one trigger to the platforms, an approval, a backfill")
def test_one_trigger_leads_to_the_platforms(stack: httpx.Client, home: Home) -> None:
    deadline = time.monotonic() + 60
    there = len(list((ROOT / "dags").glob("*.py")))
    while len(stack.get("/dags").json()["dags"]) < there and time.monotonic() < deadline:
        time.sleep(1)
    dags = stack.get("/dags").json()["dags"]
    assert len(dags) == there
    assert not any(dag["is_paused"] for dag in dags)

    # What the other sources land must be there, but not lead to a run of its own.
    stack.patch("/dags/build_features", json={"is_paused": True}).raise_for_status()
    for source in ("extract_google_analytics", "extract_meta"):
        trigger(stack, source)
    for source in ("extract_google_analytics", "extract_meta"):
        assert wait(stack, source, within=PATIENCE) == "success"
    stack.patch("/dags/build_features", json={"is_paused": False}).raise_for_status()

    trigger(stack, "extract_salesforce")
    state = wait(stack, "activate_segments", within=PATIENCE)
    everything = stack.get("/dags/~/dagRuns", params={"limit": 50}).json()["dag_runs"]
    assert state == "success", [(run["dag_id"], run["state"]) for run in everything]
    kinds = {run["dag_id"]: run["run_type"] for run in everything}
    assert kinds["build_features"] == kinds["assign_segments"] == kinds["activate_segments"] == "asset_triggered"

    from cohorte.orchestration.local import find_sandbox

    sandbox = find_sandbox(home.settings)
    assert sandbox
    assert sandbox.get("state/mailchimp")["segments"]["Market letter"]
    logs = [path.read_text() for path in (home.path / "logs").glob("dag_id=*/**/attempt=1.log")]
    assert len(logs) > 20 and not [log for log in logs if "error calling listener" in log]
    let_it_rest(stack)
    check_approval(stack, home)
    check_backfill(stack, home)


def let_it_rest(stack: httpx.Client) -> None:
    """Nothing begins by the clock any more, and what has begun is over, down to the last run assets led to.

    A second build follows the first when streams land after it has begun, and an hour may strike in the midst of a
    test: either would fill again what a check has emptied.
    """
    chain = {"build_features", "assign_segments", "activate_segments"}
    by_the_clock = {dag["dag_id"] for dag in stack.get("/dags").json()["dags"]} - chain
    active = {"state": ["queued", "running"], "limit": 50}
    paused: set[str] = set()
    looks, deadline = 0, time.monotonic() + PATIENCE
    while looks < 15 and time.monotonic() < deadline:
        time.sleep(1)
        runs = stack.get("/dags/~/dagRuns", params=active).raise_for_status().json()["dag_runs"]
        # Paused, a run that had begun would never end.
        wanted = by_the_clock - {run["dag_id"] for run in runs}
        for dag in paused ^ wanted:
            stack.patch(f"/dags/{dag}", json={"is_paused": dag in wanted}).raise_for_status()
        paused, looks = wanted, 0 if runs else looks + 1
    assert looks == 15, [(run["dag_id"], run["state"]) for run in runs]


def check_approval(stack: httpx.Client, home: Home) -> None:
    """A sync that is held asks under Required Actions, keeps no other waiting, and sends what is approved."""
    from cohorte.orchestration.local import find_sandbox

    sandbox = find_sandbox(home.settings)
    assert sandbox
    with Lake.open(home.settings) as lake:
        lake.execute("delete from segments.membership where segment = 'market_letter'")
    # Two connections will do: what the others' syncs do is left out before the run begins.
    stack.patch("/dags/activate_segments", json={"is_paused": True}).raise_for_status()
    run = stack.post("/dags/activate_segments/dagRuns", json={"logical_date": None}).raise_for_status().json()
    tasks = f"/dags/activate_segments/dagRuns/{run['dag_run_id']}/taskInstances"
    lists = {task["task_id"] for task in stack.get(tasks).json()["task_instances"] if "list_" in task["task_id"]}
    chosen = {"list_mailchimp_default", "list_hubspot_default"}
    assert lists > chosen
    for task in lists - chosen:
        stack.patch(f"{tasks}/{task}", json={"new_state": "skipped"}).raise_for_status()
    stack.patch("/dags/activate_segments", json={"is_paused": False}).raise_for_status()

    def states() -> dict[str, str]:
        return {task["task_id"]: task["state"] for task in stack.get(tasks).json()["task_instances"]}

    asks, deadline = "mailchimp_default.ask_if_held", time.monotonic() + PATIENCE
    others = [f"hubspot_default.{task}" for task in ("activate", "ask_if_held", "activate_approved")]
    while time.monotonic() < deadline and (
        states()[asks] != "awaiting_input" or states()[others[-1]] not in ("skipped", "failed")
    ):
        time.sleep(1)
    assert [states()[task] for task in others] == ["success", "skipped", "skipped"]
    asked = stack.get(f"{tasks}/{asks}/0/hitlDetails").json()
    assert asked["subject"] == "mailchimp_market_letter: send what is held?"
    assert "the segment is empty" in asked["body"]
    assert sandbox.get("state/mailchimp")["segments"]["Market letter"]

    stack.patch(f"{tasks}/{asks}/0/hitlDetails", json={"chosen_options": ["Approve"]}).raise_for_status()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and states()["mailchimp_default.activate_approved"] not in ("success", "failed"):
        time.sleep(1)
    assert states()["mailchimp_default.activate_approved"] == "success"
    assert not sandbox.get("state/mailchimp")["segments"]["Market letter"]
    pools = {pool["name"]: pool["slots"] for pool in stack.get("/pools").json()["pools"]}
    assert pools["sync_mailchimp_default"] == pools["sync_hubspot_default"] == 1


def check_backfill(stack: httpx.Client, home: Home) -> None:
    """`airflow backfill create` lands each hour's records again, and moves no cursor."""
    cursors = "select stream, max(cursor_until) from ops.load where source = 'salesforce' group by all order by all"
    with Lake.open(home.settings, read_only=True) as lake:
        before = lake.rows(cursors)
        first = lake.value("select date_trunc('hour', max(system_modstamp)) from raw.salesforce__order_item")
    body = {
        "dag_id": "extract_salesforce",
        "from_date": first.isoformat(),
        "to_date": (first + timedelta(hours=1)).isoformat(),
        "max_active_runs": 1,
        "reprocess_behavior": "none",
    }
    stack.patch("/dags/build_features", json={"is_paused": True}).raise_for_status()

    def by_the_clock() -> int:
        asked = {"run_type": "scheduled"}
        return len(stack.get("/dags/extract_salesforce/dagRuns", params=asked).json()["dag_runs"])

    struck = by_the_clock()
    stack.patch("/dags/extract_salesforce", json={"is_paused": False}).raise_for_status()
    stack.post("/backfills", json=body).raise_for_status()
    runs: list[dict[str, str]] = []
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and {run["state"] for run in runs} != {"success"}:
        time.sleep(1)
        asked = {"run_type": "backfill"}
        runs = stack.get("/dags/extract_salesforce/dagRuns", params=asked).json()["dag_runs"]
    assert [run["state"] for run in runs] == ["success"] * 2
    with Lake.open(home.settings, read_only=True) as lake:
        assert lake.rows(cursors) == before or by_the_clock() > struck
        landed = lake.rows(
            "select min(system_modstamp) >= ?, max(system_modstamp) < ?, count(*) > 0 from raw.salesforce__order_item "
            "where _load_id in (select load_id from ops.load where source = 'salesforce' and cursor_until is null)",
            [first - timedelta(hours=1), first + timedelta(hours=1)],
        )
    assert landed == [(True, True, True)]


def test_a_port_in_use_is_said(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "cohorte.orchestration.stack", "up"],
            cwd=ROOT,
            env=home.environment | {"COHORTE_AIRFLOW_PORT": str(port), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"port {port} is in use" in done.stderr
