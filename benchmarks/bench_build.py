"""A full build, a day's increment and one hand-written script, on the same lake.

python benchmarks/bench_build.py [scale] [days] [folder]

scale: copies of the sandbox's households (45 are 109,000 customers and 60 million order lines; that takes half an hour,
most of it to make and land them). days: how many the increment is for; four bring 1.3 % more lines. folder: where the
lake is made and left, to be gone on with; a temporary one if not given.

Prints seconds and the peak of a process of its own, in GiB: the layers built in full; `features_by_hand.sql` on
the same Parquet, for the same dates, with the same threads and memory; and the build of what the days brought. What
the first two make of the features is compared.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from memory import peak

from cohorte import postgres
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.landing import catalog
from cohorte.orchestration import local
from cohorte.orchestration.demo import FIRST_DAY
from cohorte.settings import Settings
from cohorte.steps.build import FROM_GATE_TO_GATE, build
from cohorte.steps.journal import journal
from cohorte.steps.land import land

BY_HAND = Path(__file__).parent / "features_by_hand.sql"
GIVEN = {
    "identity": "select record_id, customer_id from intermediate.int_identity__customer",
    "meaning": "select * from intermediate.int_psychographics__meaning where kind <> 'none'",
    "city": "select city, state, country, population, time_zone from intermediate.int_geography__city",
    "as_of": "select distinct as_of_date from features.customer",
}
DEFAULTS = ["1", "4"]
NUMBERS = ("DOUBLE", "HUGEINT", "BIGINT", "INTEGER")
NEARLY = 1e-6
"""Sums of many numbers come out a little different in another order."""


def main() -> None:
    scale, days = (int(given) for given in (sys.argv[1:3] + DEFAULTS[len(sys.argv[1:3]) :]))
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(temporary)
        settings = Settings(home=home, sandbox_scale=scale, clock=FIRST_DAY.isoformat())
        local.prepare(settings)
        try:
            compare(settings, days)
        finally:
            postgres.stop(settings)


def compare(settings: Settings, days: int) -> None:
    before = landed(settings, FIRST_DAY)
    full = alone("built_in_full", settings, FIRST_DAY)
    say("full build", full, f"{before:,} order lines")
    by_hand = alone("by_hand", settings, FIRST_DAY)
    say("by hand", by_hand, f"the full build takes {full['seconds'] / by_hand['seconds']:.2f} times that")
    print(f"  {by_hand['rows']:,} rows of features, columns that differ: {by_hand['differing'] or 'none'}")
    later = FIRST_DAY + timedelta(days=days)
    after = landed(settings, later)
    increment = alone("built", settings, later)
    share = increment["seconds"] / full["seconds"]
    say(f"{days} days", increment, f"{(after - before) / before:.1%} more lines, {share:.1%} of the full build's time")


def say(what: str, found: dict[str, Any], more: str) -> None:
    print(f"{what:<12} {found['seconds']:>7.1f} s  {found['peak']:>6.2f} GiB   {more}")
    for names, seconds in found.get("builds", {}).items():
        print(f"  {names:<18} {seconds:>5.1f} s", flush=True)


def landed(settings: Settings, day: datetime) -> int:
    """Lands what the sandbox has on a day, unless that was done before; lines there are then."""
    done = settings.home / f"landed-{day:%Y-%m-%d}"
    if not done.exists():
        sandbox = local.wait_for_sandbox(settings, local.start_sandbox(settings))
        sandbox.set_clock(day.isoformat())
        settings = settings.model_copy(update={"clock": sandbox.clock_url})
        connections = sandbox.get("connections")
        try:
            for name in catalog.names(settings):
                known_as = catalog.connection(name, settings)
                credentials = Credentials.from_mapping(known_as, connections[known_as])
                with Lake.open(settings) as lake, journal(lake, "land", name) as entry:
                    entry.rows = sum(land(catalog.open_source(name, credentials, settings), lake=lake).rows.values())
        finally:
            local.stop_sandbox(settings)
        done.touch()
    with Lake.open(settings, read_only=True) as lake:
        return int(lake.value("select count(*) from raw.salesforce__order_item"))


def alone(what: str, settings: Settings, now: datetime) -> dict[str, Any]:
    """Runs one of the three below in a process of its own; what it found."""
    of_it = settings.model_copy(update={"clock": now.isoformat()}).model_dump(mode="json", exclude={"s3_secret"})
    command = [sys.executable, __file__, "alone", what, json.dumps(of_it)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def built_in_full(settings: Settings) -> dict[str, Any]:
    """All dates, too: once computed, they are a record that no full refresh touches."""
    with Lake.open(settings) as lake:
        lake.execute("drop table if exists features.customer")
    return built(settings, full_refresh=True)


def built(settings: Settings, *, full_refresh: bool = False) -> dict[str, Any]:
    builds = {}
    started = time.monotonic()
    for layers in FROM_GATE_TO_GATE:
        names = " ".join(layers)
        with Lake.open(settings) as lake, journal(lake, "build", names):
            begun = time.monotonic()
            build(*layers, settings=settings, full_refresh=full_refresh)
            builds[names] = time.monotonic() - begun
    return {"seconds": time.monotonic() - started, "builds": builds}


def by_hand(settings: Settings) -> dict[str, Any]:
    with Lake.open(settings, read_only=True) as lake, duckdb.connect() as plain:
        built = lake.arrow("select * from features.customer")
        tables = {name: lake.arrow(query) for name, query in GIVEN.items()}
        files = landed_files(lake)
        tables |= {f"raw_{name}": lake.arrow(f"from raw.{name} limit 0") for name, some in files.items() if not some}
        started = time.monotonic()
        plain.execute(f"set threads = {settings.threads}; set memory_limit = '{settings.memory_limit}'")
        plain.execute(f"set temp_directory = '{settings.home / 'by_hand'}'; set timezone = 'UTC'")
        plain.execute(f"set variable now = timestamp '{datetime.fromisoformat(settings.clock):%Y-%m-%d %H:%M:%S}'")
        for name, table in tables.items():
            plain.register(name, table)
        for name, some in files.items():
            if some:
                plain.execute(f"create view raw_{name} as from read_parquet({some}, union_by_name = true)")
        plain.execute(BY_HAND.read_text())
        seconds = time.monotonic() - started
        plain.register("built", built)
        return {"seconds": seconds, "rows": built.num_rows, "differing": differing(plain)}


def landed_files(lake: Lake) -> dict[str, list[str]]:
    """The Parquet of each raw table."""
    names = lake.rows("select table_name from duckdb_tables() where (database_name, schema_name) = ('lake', 'raw')")
    query = "select data_file from ducklake_list_files('lake', ?, schema => 'raw')"
    return {name: [file for (file,) in lake.rows(query, [name])] for (name,) in names}


def differing(plain: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Columns by how many rows they differ in; rows that only one of the two has count for `customer_id`."""
    columns = plain.execute("select column_name, data_type from duckdb_columns() where table_name = 'features'")
    counts = [
        f"count(*) filter (not {same(name, kind)}) as {name}"
        for name, kind in columns.fetchall()
        if name not in ("as_of_date", "customer_id")
    ]
    compared = plain.execute(
        "select count(*) filter (a.customer_id is null or b.customer_id is null) as customer_id, "
        f"{', '.join(counts)} from built as a full join features as b "
        "on a.as_of_date = b.as_of_date and a.customer_id = b.customer_id"
    )
    names = [column[0] for column in compared.description]
    return {name: rows for name, rows in zip(names, compared.fetchall()[0], strict=True) if rows}


def same(name: str, kind: str) -> str:
    a, b = f"a.{name}", f"b.{name}"
    if kind in NUMBERS or kind.startswith("DECIMAL"):
        return f"({a} is not distinct from {b} or coalesce(abs({a} - {b}) <= {NEARLY} * greatest(abs({a}), 1), false))"
    return f"({a}::varchar is not distinct from {b}::varchar)"


if __name__ == "__main__":
    if sys.argv[1:2] == ["alone"]:
        measured: dict[str, Callable[[Settings], dict[str, Any]]] = {
            "built_in_full": built_in_full,
            "built": built,
            "by_hand": by_hand,
        }
        found = measured[sys.argv[2]](Settings(**json.loads(sys.argv[3])))
        print(json.dumps(found | {"peak": peak()}))
    else:
        main()
