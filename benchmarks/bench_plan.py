"""What a plan costs: an audience of millions, acknowledged, of which one in a hundred has changed.

python benchmarks/bench_plan.py [members]

Prints seconds and the peak of a process of its own, in GiB, for three plans: the first, when nobody is there yet; one
of everybody; and one of whom the lake's change feeds name. The ledger is written as a run would have left it.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from memory import peak

from cohorte import postgres
from cohorte.activation.feed import definition
from cohorte.activation.plan import Plan, make_plan
from cohorte.activation.spec import SyncSpec
from cohorte.lake import Lake
from cohorte.settings import Settings

MEMBERS = 5_000_000
CHANGED = 100
"""One in so many: half of them leave, a quarter is new, a quarter has another name."""
SYNC = SyncSpec.parse(
    "vips",
    {
        "destination": "hubspot",
        "connection": "hubspot_default",
        "audience": "VIPs",
        "segment": "vips",
        "fields": {"firstname": "pii.dim_contact.given_name", "lastname": "pii.dim_contact.family_name"},
        "consent": {"channel": "email", "purpose": "marketing"},
    },
)


def main() -> None:
    members = int(sys.argv[1]) if len(sys.argv) > 1 else MEMBERS
    with tempfile.TemporaryDirectory() as name:
        settings = settings_of(name)
        postgres.create_databases(settings)
        try:
            with Lake.open(settings) as lake:
                lake.prepare()
                make_members(lake, members)
            alone(name, "first")
            with Lake.open(settings) as lake:
                acknowledge(lake)
                change(lake, members)
            alone(name, "everybody")
            alone(name, "changed")
        finally:
            postgres.stop(settings)


def settings_of(home: str) -> Settings:
    return Settings(home=Path(home), threads=2)


def alone(home: str, what: str) -> None:
    """One plan in a process of its own, so that its peak is its own."""
    subprocess.run([sys.executable, __file__, home, what], check=True)


def measure(home: str, what: str) -> None:
    with Lake.open(settings_of(home)) as lake:
        if what == "everybody":
            lake.execute("update activation.sync_run set compared_at = compared_at - interval 2 day")
        started = time.monotonic()
        plan = make_plan(SYNC, key_form="lower_trim", lake=lake)
        seconds = time.monotonic() - started
        if what == "everybody":
            lake.execute("update activation.sync_run set compared_at = compared_at + interval 2 day")
    assert plan.is_of_everybody == (what != "changed"), what
    print(f"{what:<10} {said(plan):<72} {seconds:6.1f} s  {peak():5.2f} GiB", flush=True)


def said(plan: Plan) -> str:
    removals = sum(plan.removals.values())
    return f"{plan.wanted:,} members: {plan.adds:,} adds, {plan.updates:,} updates, {removals:,} removals"


def make_members(lake: Lake, members: int) -> None:
    """Customers with a name, an e-mail and a consent; one in ten without the last. All are members."""
    people = f"select 'c_' || sha256(i::varchar)[:16] as customer_id, i from range({members}) as numbers(i)"
    lake.execute(
        "create table pii.dim_contact as select customer_id, 'person' || i || '@example.com' as email, "
        f"null::varchar as phone_e164, 'Given' || (i % 5000) as given_name, 'Family' || (i % 80000) as family_name "
        f"from ({people})"
    )
    lake.execute(
        "create table marts.dim_consent as select customer_id, 'email' as channel, 'marketing' as purpose, "
        f"i % 10 <> 0 as is_granted from ({people})"
    )
    lake.execute(
        "create table segments.membership as select 'vips' as segment, customer_id, now()::timestamp as entered_at, "
        f"null::double as score, 'rule' as reason, null::varchar as holdout from ({people}) where i % 400 <> 1"
    )


def acknowledge(lake: Lake) -> None:
    """What a run that sent the first plan, and was answered every time, would have written."""
    plan = make_plan(SYNC, key_form="lower_trim", lake=lake)
    lake.execute(
        "insert into activation.acknowledged select ?, customer_id, destination_key, payload_hash, fingerprint, "
        "now()::timestamp from sync_plan",
        [SYNC.name],
    )
    lake.execute(
        "insert into pii.activation_key select ?, customer_id, destination_key, key, null from sync_plan", [SYNC.name]
    )
    lake.execute(
        "insert into activation.sync_run by name select '1' as sync_run_id, ? as sync, 'hubspot' as destination, "
        "'done' as state, 0 as planned, 0 as added, 0 as updated, 0 as removed, 0 as unchanged, 0 as rejected, "
        "0 as pending, 0 as api_calls, ? as definition, ? as lake_snapshot, ? as acknowledged, "
        "now()::timestamp as compared_at, now()::timestamp as started_at, now()::timestamp as finished_at",
        [SYNC.name, definition(SYNC), lake.snapshot(), plan.adds],
    )


def change(lake: Lake, members: int) -> None:
    some = members // CHANGED
    picked = "select 'c_' || sha256((i * 7)::varchar)[:16] from range({}, {}) as numbers(i)"
    lake.execute(f"delete from segments.membership where customer_id in ({picked.format(0, some // 2)})")
    lake.execute(
        "insert into segments.membership select 'vips', customer_id, now()::timestamp, null, 'rule', null "
        "from pii.dim_contact where customer_id not in (select customer_id from segments.membership) "
        f"and customer_id not in ({picked.format(0, some // 2)})"
    )
    lake.execute(
        "update pii.dim_contact set given_name = 'Renamed' "
        f"where customer_id in ({picked.format(some // 2, some // 2 + some // 4)})"
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(sys.argv[1], sys.argv[2])
    else:
        main()
