"""Rows a second into a webhook of this machine: ours, and drt-core's with the same rows, endpoint and batch size.

python benchmarks/bench_push.py [rows] [python with `drt-core[duckdb]`]

drt-core is no dependency of the project: make it an environment of its own (python -m venv drt; drt/bin/pip install
"drt-core[duckdb]") and name its python. It is measured twice: as it comes, one row a request; and in batches of 500 by
a template, with its limit of requests a second lifted. Ours plans, sends, and keeps a receipt of every row in the lake.
"""

import json
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
from bench_plan import make_members

from cohorte import postgres
from cohorte.activation.spec import SyncSpec
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.settings import Settings
from cohorte.steps.activate import ANY, activate

ROWS = 50_000
BATCH = 500
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
started = time.monotonic()
members = DuckDBProfile(type="duckdb", database=database)
result = run_sync(sync, DuckDBSource(), RestApiDestination(), members, Path.cwd())
assert (result.success, result.failed) == (rows, 0), (result.success, result.failed)
print(json.dumps(rows / (time.monotonic() - started)))
"""


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
                started = time.monotonic()
                result = activate(
                    SYNC,
                    lake=lake,
                    credentials=Credentials(name="webhook_default", host=url),
                    approved=ANY,
                )
                sent = result.planned
                ours = sent / (time.monotonic() - started)
                assert (result.pending, result.rejected) == (0, 0), result
                members = lake.arrow(  # noqa: F841 — DuckDB finds it by its name
                    "select a.customer_id as id, 'add' as operation, k.key, c.given_name, c.family_name "
                    "from activation.acknowledged as a join pii.activation_key as k using (customer_id) "
                    "join pii.dim_contact as c using (customer_id)"
                )
                with duckdb.connect(str(database)) as plain:
                    plain.execute("create table members as from members")
            print(f"cohorte                    {sent:>8,} rows  {ours:>9,.0f} rows/s")
            if drt:
                compare(drt, database, url, sent, ours)
        finally:
            postgres.stop(settings)
            endpoint.terminate()


def compare(drt: str, database: Path, url: str, rows: int, ours: float) -> None:
    for said, some, batch in (("drt-core, row by row", min(rows, ONE_BY_ONE), 1), ("drt-core, batches", rows, BATCH)):
        command = [drt, "-c", DRT, str(database), url, str(some), str(batch)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=database.parent)
        theirs = json.loads(done.stdout.splitlines()[-1])
        print(f"{said:<26} {some:>8,} rows  {theirs:>9,.0f} rows/s   ours is {ours / theirs:.1f} times as fast")


def serve(address: Any) -> None:
    """Reads what it is sent, and takes it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address.put(f"http://127.0.0.1:{server.server_port}/audience")
    server.serve_forever()


if __name__ == "__main__":
    main()
