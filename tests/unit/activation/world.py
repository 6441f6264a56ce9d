"""A real lake with a few customers, and a platform in memory that can be told to misbehave."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cohorte import postgres
from cohorte.activation.spec import SyncSpec
from cohorte.credentials import Credentials
from cohorte.destinations.base import (
    Audience,
    Batch,
    Destination,
    Limits,
    Receipts,
    Refused,
    Row,
    Stage,
    accepted,
    rejected,
)
from cohorte.lake import Lake
from cohorte.settings import Settings
from tests import homes

INPUTS = {
    "segments.membership": "segment varchar, customer_id varchar, entered_at timestamp, score double, reason varchar, "
    "holdout varchar",
    "pii.dim_contact": "customer_id varchar, email varchar, phone_e164 varchar, given_name varchar, "
    "family_name varchar, birth_date date, street varchar, city varchar, state varchar, postal_code varchar, "
    "country varchar",
    "marts.dim_consent": "customer_id varchar, channel varchar, purpose varchar, is_granted boolean, "
    "source varchar, decided_at timestamp",
    "features.customer_latest": "customer_id varchar, orders_per_month double",
}
LEDGER = (
    *("sync_run", "alert", "intent", "delivery", "acknowledged", "rejected", "audience", "suppression", "holdout"),
)


@contextmanager
def new_home(folder: Path, prepared_home: Path) -> Iterator[Settings]:
    """A lake with empty inputs and an empty ledger; its server ends with it."""
    settings = Settings(home=folder, memory_limit="1GB", threads=1)
    homes.copy(prepared_home, settings)
    try:
        with Lake.open(settings) as lake:
            for table, columns in INPUTS.items():
                lake.execute(f"create table {table} ({columns})")
        yield settings
    finally:
        postgres.stop(settings)  # a process that was killed cannot say that it does not need it any more


def from_nothing(lake: Lake) -> "World":
    """A world without customers, nor any memory of a sync."""
    with lake.transaction("start the test from nothing"):
        for table in [*INPUTS, *(f"activation.{name}" for name in LEDGER), "pii.activation_key"]:
            lake.execute(f"delete from {table}")
    return World(lake)


@dataclass
class World:
    """The lake's side: customers, consent, membership."""

    lake: Lake
    segment: str = "vips"

    def customers(self, *numbers: int) -> None:
        """Customers with an e-mail, a name and a granted consent."""
        with self.lake.transaction("customers"):
            for n in numbers:
                self.contact(f"c{n:05}", f"person{n}@example.com", f"Given{n}")
                self.consent(f"c{n:05}", True)

    def many(self, count: int) -> None:
        """`count` customers like those of `customers`, all members."""
        self.lake.execute(
            "insert into pii.dim_contact (customer_id, email, given_name) "
            "select 'c' || lpad(i::varchar, 5, '0'), 'person' || i || '@example.com', 'Given' || i "
            f"from range({count}) r(i)"
        )
        self.lake.execute(
            "insert into marts.dim_consent select customer_id, 'email', 'marketing', true, 'test', now()::timestamp "
            "from pii.dim_contact"
        )
        self.lake.execute(
            "insert into segments.membership "
            "select ?, customer_id, now()::timestamp, 0.5, 'test', null from pii.dim_contact",
            [self.segment],
        )

    def contact(self, customer: str, email: str | None, given: str | None = None) -> None:
        self.lake.execute("delete from pii.dim_contact where customer_id = ?", [customer])
        self.lake.execute(
            "insert into pii.dim_contact (customer_id, email, given_name) values (?, ?, ?)", [customer, email, given]
        )

    def consent(self, customer: str, granted: bool | None) -> None:
        self.lake.execute("delete from marts.dim_consent where customer_id = ?", [customer])
        if granted is not None:
            self.lake.execute(
                "insert into marts.dim_consent values (?, 'email', 'marketing', ?, 'test', now()::timestamp)",
                [customer, granted],
            )

    def enter(self, *numbers: int) -> None:
        with self.lake.transaction("enter"):
            for n in numbers:
                self.lake.execute(
                    "insert into segments.membership values (?, ?, now()::timestamp, 0.5, 'test', null)",
                    [self.segment, f"c{n:05}"],
                )

    def leave(self, *numbers: int) -> None:
        for n in numbers:
            self.lake.execute(
                "delete from segments.membership where segment = ? and customer_id = ?", [self.segment, f"c{n:05}"]
            )

    def hold_out(self, *numbers: int, experiment: str = "spring") -> None:
        for n in numbers:
            self.lake.execute(
                "update segments.membership set holdout = ? where segment = ? and customer_id = ?",
                [experiment, self.segment, f"c{n:05}"],
            )


@dataclass
class Platform:
    """What is really there, whatever anybody believes."""

    members: set[str] = field(default_factory=set)
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    faults: list[Callable[[Batch], None]] = field(default_factory=list)
    """Called one after the other, one a batch, before it is obeyed; raise to fail the batch."""
    lost_answers: list[Exception] = field(default_factory=list)
    """Raised one a batch after it was obeyed."""
    refuses: dict[str, str] = field(default_factory=dict)
    """Key -> the platform's words."""
    refuses_batches_with: set[str] = field(default_factory=set)

    @property
    def calls(self) -> int:
        return len(self.batches)


class InMemory(Destination):
    """Two stages, as most platforms have: the person, then the list."""

    name = "in_memory"
    limits = Limits(batch=10, concurrent=1)
    stages = (
        Stage("people", frozenset({"add", "update"}), batch=10),
        Stage("list", frozenset({"add", "remove"}), batch=20),
    )

    def __init__(self, platform: Platform) -> None:
        super().__init__(Credentials(name="in_memory_default"))
        self.platform = platform

    def open_audience(self, name: str) -> Audience:
        return Audience(name, "1")

    def send(self, batch: Batch) -> Receipts:
        self.before_call()
        self.api_calls += 1
        self.platform.batches.append(batch)
        if self.platform.faults:
            self.platform.faults.pop(0)(batch)
        if bad := [row.key for row in batch.rows if row.key in self.platform.refuses_batches_with]:
            raise Refused(f"invalid input: {bad[0]}")
        receipts = [
            rejected(self.platform.refuses[row.key]) if row.key in self.platform.refuses else self._obey(batch, row)
            for row in batch.rows
        ]
        if self.platform.lost_answers:
            raise self.platform.lost_answers.pop(0)
        return receipts

    def _obey(self, batch: Batch, row: Row) -> Any:
        if batch.stage == "people":
            self.platform.profiles.setdefault(row.key, {}).update(row.fields)
        elif row.operation == "add":
            assert row.key in self.platform.profiles, "a list takes only people the platform knows"
            self.platform.members.add(row.key)
        else:
            self.platform.members.discard(row.key)
        return accepted(f"id-{row.key}")

    def close(self) -> None:
        pass


def sync_spec(**changes: Any) -> SyncSpec:
    declared = {
        "destination": "webhook",  # for its key form; the platform of these tests is handed in
        "connection": "in_memory_default",
        "audience": "VIPs",
        "segment": "vips",
        "fields": {"firstname": "pii.dim_contact.given_name"},
        "consent": {"channel": "email", "purpose": "marketing"},
        "guard": {"max_removal_share": 0.5},
    }
    return SyncSpec.parse("vips_to_memory", declared | changes)
