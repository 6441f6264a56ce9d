"""A landed town whose people are on three platforms: what erasing and exporting are tried on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from cohorte import sources
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.steps.activate import activate, load_syncs
from cohorte.steps.erase import Erasure, erase
from cohorte.steps.land import LandResult, land
from sandbox.server import Running

LANDED = ("salesforce", "meta")
FIELDS = {"hubspot": "firstname", "brevo": "FIRSTNAME", "meta_custom_audiences": "FN"}
PLATFORMS = tuple(FIELDS)
"""Two that delete people for good, and one that cannot."""
DERIVED = """
create table intermediate.int_identity__customer as
    with addresses as (select id, min(lower(trim(email))) as email from raw.salesforce__contact group by id)
    select 'salesforce:' || id as record_id, 'c_' || md5(coalesce(email, id))[:16] as customer_id, 1.0 as probability
    from addresses
    union all
    select distinct 'meta:' || id, 'c_' || md5(coalesce(lower(trim(email)), id))[:16], 1.0 from raw.meta__lead;
create table pii.dim_contact as
    select customer_id, min(lower(trim(email))) as email, min(first_name) as given_name, min(mobile_phone) as phone_e164
    from raw.salesforce__contact join intermediate.int_identity__customer on record_id = 'salesforce:' || id
    group by customer_id;
create table marts.dim_consent as
    select customer_id, 'email' as channel, 'marketing' as purpose, true as is_granted from pii.dim_contact;
create table segments.membership as
    select 'vips' as segment, customer_id, timestamp '2017-11-30' as entered_at, 0.5::double as score, '' as reason,
        null::varchar as holdout
    from pii.dim_contact;
"""
"""What dbt would make of it, as far as it matters here."""


@dataclass
class Town:
    """The lake, the platforms, and people nobody has been asked about yet."""

    lake: Lake
    sandbox: Running
    people: Iterator[tuple[str, str]] = field(init=False)
    """(customer_id, e-mail), each once: on every platform, and nobody else has the address."""

    @classmethod
    def build(cls, lake: Lake, sandbox: Running) -> "Town":
        lake.settings = lake.settings.model_copy(update={"clock": f"{sandbox.url}/_control/clock"})
        town = cls(lake, sandbox)
        for name in LANDED:
            town.land(name)
        for statement in filter(str.strip, DERIVED.split(";")):
            lake.execute(statement)
        town.declare(*PLATFORMS)
        for spec in load_syncs(town.manifest):
            result = activate(spec, lake=lake, credentials=town.credentials(spec.connection))
            assert result.state == "done" and result.added > 20, result
        people = lake.rows(
            """
            select customer_id, any_value(lower(key)) from pii.activation_key join pii.dim_contact using (customer_id)
            where customer_id not in (
                select customer_id from pii.activation_key group by customer_id having count(distinct sync) < 3
            )
            group by customer_id order by customer_id
            """
        )
        town.people = iter(people)
        return town

    @property
    def manifest(self) -> Any:
        return self.lake.settings.dbt_target / "manifest.json"

    def declare(self, *platforms: str) -> None:
        """These are the syncs that dbt knows."""
        syncs = {
            f"vips_{name}": {
                "name": f"vips_{name}",
                "config": {
                    "meta": {
                        "sync": {
                            "destination": name,
                            "connection": f"{name}_default",
                            "audience": "VIPs",
                            "segment": "vips",
                            "fields": {FIELDS[name]: "pii.dim_contact.given_name"},
                            "consent": {"channel": "email", "purpose": "marketing"},
                        }
                    }
                },
            }
            for name in platforms
        }
        self.manifest.parent.mkdir(exist_ok=True)
        self.manifest.write_text(json.dumps({"exposures": syncs, "nodes": {}, "sources": {}}))

    def credentials(self, name: str) -> Credentials:
        return Credentials.from_mapping(name, self.sandbox.connections[name])

    def land(self, name: str, **options: Any) -> LandResult:
        return land(sources.get(name, self.credentials(f"{name}_default")), lake=self.lake, **options)

    def erase(self, **who: Any) -> Erasure:
        return erase(lake=self.lake, credentials=self.credentials, **who)

    def control(self, path: str, body: Any) -> Any:
        return httpx.post(f"{self.sandbox.url}/_control/{path}", json=body).raise_for_status().json()

    def state(self, platform: str) -> str:
        """Everything the platform tells of its audiences."""
        return httpx.get(f"{self.sandbox.url}/_control/state/{platform}").raise_for_status().text

    def rows(self) -> dict[str, int]:
        """Rows of every table but the ones about runs."""
        tables = self.lake.rows(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'lake' "
            "and schema_name <> 'ops' and table_name not in ('sync_run', 'suppression') order by 1"
        )
        return {table: self.lake.value(f"select count(*) from {table}") for (table,) in tables}

    @contextmanager
    def down(self, platform: str) -> Iterator[None]:
        self.control("faults", {"platform": platform, "kind": "status", "status": 503, "times": 1000})
        try:
            yield
        finally:
            httpx.delete(f"{self.sandbox.url}/_control/faults").raise_for_status()
