"""The memory a large Bulk extract takes: Salesforce's pages through the real source, landed in a real lake.

python benchmarks/bench_landing_memory.py [records]

Prints records, seconds and the peak of the process in GiB. The pages come from memory, so that no platform is measured.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import httpx
from memory import peak

from cohorte import postgres
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.settings import Settings
from cohorte.sources.base import BATCH
from cohorte.sources.salesforce import Salesforce
from cohorte.steps.land import land

FIELDS = {
    "Id": "id",
    "OrderId": "reference",
    "Product2Id": "reference",
    "Quantity": "double",
    "TotalPrice": "currency",
    "Description": "textarea",
    "CreatedDate": "datetime",
    "SystemModstamp": "datetime",
    "IsDeleted": "boolean",
}
HEADER = ",".join(f'"{name}"' for name in FIELDS) + "\n"


def main() -> None:
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(home=Path(name), threads=2, clock="2017-11-30T23:59:59")
        postgres.create_databases(settings)
        try:
            with Lake.open(settings) as lake:
                lake.prepare()
                source = Salesforce(Credentials(name="salesforce_default", host="https://salesforce.invalid"))
                source.http.client = httpx.Client(
                    base_url="https://salesforce.invalid/services/data/v60.0",
                    transport=httpx.MockTransport(lambda request: answer(request, records)),
                )
                started = time.monotonic()
                landed = land(source, lake=lake, streams=["order_item"]).rows["order_item"]
                seconds = time.monotonic() - started
                there = lake.value("select count(*) from raw.salesforce__order_item")
        finally:
            postgres.stop(settings)
    assert landed == there == records, (landed, there)
    print(f"{landed:,} records, {seconds:.1f} s, {peak():.2f} GiB at the peak")


def answer(request: httpx.Request, records: int) -> httpx.Response:
    path = request.url.path
    if path.endswith("/describe"):
        return httpx.Response(200, json={"fields": [{"name": n, "type": kind} for n, kind in FIELDS.items()]})
    if path.endswith("/results"):
        first = int(request.url.params.get("locator", "0"))
        last = min(first + BATCH, records)
        headers = {"Sforce-Locator": str(last) if last < records else "null"}
        return httpx.Response(200, headers=headers, content=page(first, last))
    if request.method == "DELETE":
        return httpx.Response(204)
    return httpx.Response(200, content=json.dumps({"id": "750", "state": "JobComplete"}))


def page(first: int, last: int) -> bytes:
    line = (
        '"802{0:015d}","801{0:015d}","01t{0:015d}","2.0","3.49","Line {0}, as typed",'
        '"2017-03-01T10:00:00.000Z","2017-03-01T10:00:00.000Z","false"\n'
    )
    return (HEADER + "".join(line.format(number) for number in range(first, last))).encode()


if __name__ == "__main__":
    main()
