"""Records a second into Parquet: our landing, dlt's `rest_api`, a bare loop of httpx and pyarrow; same records.

python benchmarks/bench_landing.py [records]

A load has a fixed cost of some tenths of a second (dlt's pipeline, the registration), so few records compare badly.
Order lines of the sandbox (1.3 million by default, of 1.4), over loopback: as Bulk API results (CSV), as JSON in pages
of 1,000, and as a CSV file.
Ours ends registered in the lake, with bad rows put aside and what is landed skipped; the others end as Parquet files.
"""

import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from cohorte import postgres, sources
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.settings import Settings
from cohorte.sources.base import Source, Window
from cohorte.sources.declared.files import FileLand, Files
from cohorte.sources.declared.rest import EndpointLand, RestApi
from cohorte.steps.land import land

PAGE = 1_000
END = "2017-11-30T23:59:59"
ENDPOINT = {
    "path": "lines",
    "data_selector": "lines",
    "paginator": {"type": "json_link", "next_url_path": "next"},
}


def main() -> None:
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 1_300_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sandbox, url = start_sandbox(folder)
        pages = multiprocessing.Process(target=serve_pages, args=(folder, records), daemon=True)
        try:
            connections = httpx.get(f"{url}/_control/connections", timeout=60).json()
            csv, since = write_csv(folder, records)
            pages.start()
            settings = Settings(home=folder / "home", clock=END, threads=2)
            postgres.create_databases(settings)
            with Lake.open(settings) as lake:
                lake.prepare()
                measure(lake, folder, connections["salesforce_default"], csv, since, records)
            postgres.stop(settings)
        finally:
            sandbox.terminate()
            sandbox.wait()
            pages.terminate()


def measure(lake: Lake, folder: Path, connection: dict[str, Any], csv: Path, since: str, records: int) -> None:
    pages = wait_for(folder / "pages.url")
    salesforce = sources.get("salesforce", Credentials.from_mapping("salesforce_default", connection))
    stream = RestApi.stream("line", EndpointLand(endpoint=ENDPOINT, cursor="SystemModstamp"))
    rest = RestApi("rest", (stream,), Credentials(name="rest", host=pages), {})
    file = Files.stream("line", FileLand(path=csv.name))
    files = Files("files", (file,), Credentials(name="files", kind="fs", extra={"path": str(csv.parent)}), {})
    window = Window(in_utc(since), in_utc(END))
    speeds = {
        "dlt rest_api, JSON": timed(lambda: dlt_rest(pages, folder)),
        "ours, JSON REST": timed(lambda: ours(rest, lake)),
        "bare loop, JSON REST": timed(lambda: bare_json(pages, folder)),
        "ours, Salesforce Bulk": timed(lambda: ours(salesforce, lake, window, "order_item")),
        "bare loop, Salesforce Bulk": timed(lambda: bare_bulk(salesforce, window, folder)),
        "ours, CSV file": timed(lambda: ours(files, lake)),
        "bare loop, CSV file": timed(lambda: bare_file(csv, folder)),
    }
    print(f"{'':<28}{'records':>10}{'seconds':>9}{'records/s':>12}")
    for name, (rows, seconds) in speeds.items():
        print(f"{name:<28}{rows:>10,}{seconds:>9.2f}{rows / seconds:>12,.0f}")

    def ratio(one: str, other: str) -> float:
        (rows, seconds), (other_rows, other_seconds) = speeds[one], speeds[other]
        return (rows / seconds) / (other_rows / other_seconds)

    print(f"Salesforce Bulk to dlt's rest_api: {ratio('ours, Salesforce Bulk', 'dlt rest_api, JSON'):.1f}")
    print(f"Salesforce Bulk to a bare loop:    {ratio('ours, Salesforce Bulk', 'bare loop, Salesforce Bulk'):.2f}")
    print(f"CSV file to dlt's rest_api:        {ratio('ours, CSV file', 'dlt rest_api, JSON'):.1f}")
    print(f"CSV file to a bare loop:           {ratio('ours, CSV file', 'bare loop, CSV file'):.2f}")
    print(f"JSON REST to dlt's rest_api:       {ratio('ours, JSON REST', 'dlt rest_api, JSON'):.1f}")


def ours(source: Source, lake: Lake, window: Window | None = None, stream: str = "line") -> int:
    return land(source, window, lake=lake, streams=[stream]).rows[stream]


def dlt_rest(pages: str, folder: Path) -> int:
    import dlt
    from dlt.destinations import filesystem
    from dlt.sources.rest_api import rest_api_source

    lines: Any = {"name": "lines", "endpoint": ENDPOINT}
    source = rest_api_source({"client": {"base_url": pages}, "resources": [lines]})
    pipeline = dlt.pipeline("bench", pipelines_dir=str(folder / "dlt"), destination=filesystem(str(folder / "bench")))
    pipeline.run(source, loader_file_format="parquet")
    found = pipeline.last_trace and pipeline.last_trace.last_normalize_info
    assert found, "dlt normalized nothing"
    return int(found.row_counts["lines"])


def bare_json(pages: str, folder: Path) -> int:
    address, rows = f"{pages}/lines", 0
    writer = None
    with httpx.Client(timeout=60) as client:
        while address:
            body = client.get(address).json()
            table = pa.Table.from_pylist(body["lines"])
            writer = writer or pq.ParquetWriter(folder / "bare_json.parquet", table.schema)
            writer.write_table(table)
            rows, address = rows + table.num_rows, body["next"]
    assert writer
    writer.close()
    return rows


def bare_bulk(salesforce: Any, window: Window, folder: Path) -> int:
    """The same job, page by page, without a look at what comes."""
    stream = next(stream for stream in salesforce.streams if stream.name == "order_item")
    types = salesforce.types(stream)
    job = salesforce._complete(stream, salesforce._create(stream, list(types), window))
    writer, rows, locator = None, 0, ""
    while locator != "null":
        asked = {"maxRecords": 100_000} | ({"locator": locator} if locator else {})
        page = salesforce.http.client.get(f"/jobs/query/{job}/results", params=asked)
        table = pyarrow.csv.read_csv(pa.BufferReader(page.content))
        writer = writer or pq.ParquetWriter(folder / "bare_bulk.parquet", table.schema)
        writer.write_table(table.cast(writer.schema))
        rows, locator = rows + table.num_rows, page.headers["Sforce-Locator"]
    assert writer
    writer.close()
    return rows


def bare_file(csv: Path, folder: Path) -> int:
    table = pyarrow.csv.read_csv(csv)
    pq.write_table(table, folder / "bare_file.parquet")
    return int(table.num_rows)


def timed(what: Callable[[], int]) -> tuple[int, float]:
    start = time.perf_counter()
    rows = what()
    return rows, time.perf_counter() - start


def start_sandbox(folder: Path) -> "tuple[subprocess.Popen[bytes], str]":
    port = folder / "port"
    command = [sys.executable, "-m", "sandbox", "serve", "--dir", str(folder / "world"), "--port", "0"]
    started = subprocess.Popen([*command, "--port-file", str(port)])
    while not port.exists():
        time.sleep(0.1)
    return started, f"http://127.0.0.1:{port.read_text()}"


def write_csv(folder: Path, records: int) -> tuple[Path, str]:
    """The newest order lines as a file, and the moment of the oldest of them."""
    (folder / "drop").mkdir()
    path = folder / "drop" / "lines.csv"
    with duckdb.connect(str(folder / "world" / "world.duckdb"), read_only=True) as world:
        lines = f"from order_item where SystemModstamp < timestamp '{END}' order by SystemModstamp desc limit {records}"
        world.execute(f"copy ({lines}) to '{path}' (header)")
        found = world.execute(f"select min(SystemModstamp)::varchar from ({lines})").fetchone()
    assert found
    return path, str(found[0])


def serve_pages(folder: Path, records: int) -> None:
    """The same records as JSON, rendered before anybody asks."""
    held = duckdb.sql(f"select json_group_array(line) from '{folder / 'drop' / 'lines.csv'}' as line").fetchall()
    rows = json.loads(held[0][0])
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = bodies[int(parse_qs(urlsplit(self.path).query).get("page", ["0"])[0])]
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    for at in range(0, records, PAGE):
        following = f"{url}/lines?page={at // PAGE + 1}" if at + PAGE < records else None
        bodies.append(json.dumps({"lines": rows[at : at + PAGE], "next": following}).encode())
    (folder / "pages.part").write_text(url)
    (folder / "pages.part").rename(folder / "pages.url")
    server.serve_forever()


def wait_for(path: Path) -> str:
    while not path.exists():
        time.sleep(0.1)
    return path.read_text()


def in_utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
