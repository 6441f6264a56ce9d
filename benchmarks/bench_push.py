"""Rows a second into a webhook of this machine: ours, and drt-core's with the same rows, endpoint and batch size.

python benchmarks/bench_push.py [rows] [python with `drt-core[duckdb]`]

drt-core is no dependency of the project: make it an environment of its own (python -m venv drt; drt/bin/pip install
"drt-core[duckdb]") and name its python. It is measured as it comes, one row a request; and in batches by a template,
with its limit of requests a second lifted, after ours with batches of the same size, both as often as ROUNDS.

Ours is the whole of `activate` for an audience that is new: it compares members, contacts and consents, sends, and
keeps an intent and a receipt of every row in the lake. drt-core reads a table that has the answer already, and keeps
nothing of a row. What is left of ours without the comparing is told beside it; and what a row takes of a processor,
which says more than the clock where others use the machine, too.
"""

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
from bench_plan import make_members

from cohorte import postgres
from cohorte.activation.plan import make_plan
from cohorte.activation.spec import SyncSpec
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.settings import Settings
from cohorte.steps.activate import ANY, activate

ROWS = 200_000
BATCHES = (100, 500, 5_000)
ROUNDS = 3
"""Ours and theirs in turn; the median is told."""
ONE_BY_ONE = 2_000
"""Rows for drt-core as it comes, which would take long with all."""
SYNC = SyncSpec.parse(
    "vips",
    {
        "destination": "webhook",
        "connection": "webhook_default",
        "audience": "VIPs",
        "segment": "vips",
        "fields": {"firstname": "pii.dim_contact.given_name", "lastname": "pii.dim_contact.family_name"},
        "consent": {"channel": "email", "purpose": "marketing"},
    },
)
DRT = """
import json, sys, time
from pathlib import Path
from drt.config.models import RestApiDestinationConfig, SyncConfig
from drt.config.profiles import DuckDBProfile
from drt.destinations.rest_api import RestApiDestination
from drt.engine.sync import run_sync
from drt.sources.duckdb import DuckDBSource

database, url, rows, batch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
destination = {"type": "rest_api", "url": url, "headers": {"Content-Type": "application/json"}}
if batch > 1:
    destination |= {"body_mode": "batch", "batch_template": '{"audience": "VIPs", "operations": {{ rows | tojson }}}'}
sync = SyncConfig.model_validate({
    "name": "vips",
    "model": f"select * from members limit {rows}",
    "destination": destination,
    "sync": {"batch_size": max(batch, 100), "rate_limit": {"requests_per_second": 1000000}},
})
started, at_work = time.monotonic(), time.process_time()
members = DuckDBProfile(type="duckdb", database=database)
result = run_sync(sync, DuckDBSource(), RestApiDestination(), members, Path.cwd())
assert (result.success, result.failed) == (rows, 0), (result.success, result.failed)
print(json.dumps([time.monotonic() - started, time.process_time() - at_work]))
"""


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and of processors."""

    clock: float
    work: float

    def said(self, rows: int) -> str:
        return (
            f"{rows:>8,} rows  {rows / self.clock:>9,.0f} rows/s  {self.work / rows * 1e6:>6.1f} µs of processor a row"
        )


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    drt = sys.argv[2] if len(sys.argv) > 2 else None
    context = get_context("spawn")
    address = context.Queue()
    endpoint = context.Process(target=serve, args=(address,), daemon=True)
    endpoint.start()
    url = address.get(timeout=30)
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(home=Path(name), threads=2)
        postgres.create_databases(settings)
        try:
            with Lake.open(settings) as lake:
                lake.prepare()
                make_members(lake, rows * 4 // 3)
                database = Path(name) / "members.duckdb"
                ours = [measure(lake, database, url, batch, drt) for batch in BATCHES]
            if drt:
                single = push(drt, database, url, ONE_BY_ONE, 1)
                print(f"drt-core as it comes, row by row {single.said(ONE_BY_ONE)}")
                for batch, (whole, sent) in zip(BATCHES, ours, strict=True):
                    times = single.clock / ONE_BY_ONE * sent / whole.clock
                    print(f"   ours in batches of {batch:,} is {times:.1f} times as fast by the clock")
        finally:
            postgres.stop(settings)
            endpoint.terminate()


def measure(lake: Lake, database: Path, url: str, batch: int, drt: str | None) -> tuple[Spent, int]:
    """Prints what ours takes, and theirs, in batches of one size. Returns ours, and the rows sent."""
    planning, ours, theirs, sent = list[Spent](), list[Spent](), list[Spent](), 0
    for _ in range(ROUNDS):
        forget(lake)
        with spending(planning):
            make_plan(SYNC, key_form="lower_trim", lake=lake)
        with spending(ours):
            result = activate(
                SYNC,
                lake=lake,
                credentials=Credentials(name=f"webhook_{batch}", host=url, extra={"batch": batch}),
                approved=ANY,
            )
        assert (result.pending, result.rejected) == (0, 0), result
        sent = result.added
        if drt:
            copy_members(lake, database)
            theirs.append(push(drt, database, url, sent, batch))
    whole, plan = middle(ours), middle(planning)
    rest = Spent(whole.clock - plan.clock, whole.work - plan.work)
    print(f"cohorte, batches of {batch:>5,}        {whole.said(sent)}")
    print(f"   without the comparing         {rest.said(sent)}", flush=True)
    if drt:
        other = middle(theirs)
        times = ", ".join(f"{other.clock / it.clock:.1f} ({other.work / it.work:.1f})" for it in (whole, rest))
        print(f"drt-core by a template, of {batch:>5,} {other.said(sent)}")
        print(f"   ours is so many times as fast by the clock (by work), whole and without the comparing: {times}")
    return whole, sent


@contextmanager
def spending(spent: list[Spent]) -> Iterator[None]:
    """Adds what the block takes."""
    started, at_work = time.monotonic(), time.process_time()
    yield
    spent.append(Spent(time.monotonic() - started, time.process_time() - at_work))


def middle(spent: list[Spent]) -> Spent:
    return Spent(median(it.clock for it in spent), median(it.work for it in spent))


def forget(lake: Lake) -> None:
    """As if nothing had ever been sent."""
    for table in ("sync_run", "intent", "delivery", "acknowledged", "audience"):
        lake.execute(f"delete from activation.{table}")
    lake.execute("delete from pii.activation_key")


def copy_members(lake: Lake, database: Path) -> None:
    """The rows that were sent, in a table of a plain DuckDB file."""
    if database.exists():
        return
    members = lake.arrow(  # noqa: F841 — DuckDB finds it by its name
        "select a.customer_id as id, 'add' as operation, k.key, c.given_name, c.family_name "
        "from activation.acknowledged as a join pii.activation_key as k using (customer_id) "
        "join pii.dim_contact as c using (customer_id)"
    )
    with duckdb.connect(str(database)) as plain:
        plain.execute("create table members as from members")


def push(drt: str, database: Path, url: str, rows: int, batch: int) -> Spent:
    """What drt-core takes."""
    command = [drt, "-c", DRT, str(database), url, str(rows), str(batch)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=database.parent)
    return Spent(*json.loads(done.stdout.splitlines()[-1]))


def serve(address: Any) -> None:
    """Reads what it is sent, and takes it: nothing is parsed but the length, so that the callers are measured."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        address.put(f"http://127.0.0.1:{server.getsockname()[1]}/audience")
        while True:
            caller, _ = server.accept()
            threading.Thread(target=take, args=(caller,), daemon=True).start()


def take(caller: socket.socket) -> None:
    """Answers every request of a connection that is kept alive."""
    caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    room = bytearray(1 << 20)
    with caller, caller.makefile("rb") as requests:
        while head := requests.readline():
            length = 0
            while (head := requests.readline()).strip():
                if head.lower().startswith(b"content-length:"):
                    length = int(head.partition(b":")[2])
            while length:
                length -= requests.readinto(memoryview(room)[:length])
            caller.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


if __name__ == "__main__":
    main()
