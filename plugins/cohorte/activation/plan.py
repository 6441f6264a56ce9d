"""What a run would do: the difference between who should be in an audience and who is believed to be, counted.

A person is compared by `destination_key`, the hash of the key in the platform's own normal form, so two customers who
share an e-mail are one person there, and a customer who changes it is a removal and an addition.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cohorte.activation.difference import OPT_OUTS, Statements
from cohorte.activation.feed import find_changed
from cohorte.activation.spec import SyncSpec
from cohorte.lake import Lake
from cohorte.privacy.keyed import key_in_use

AS_BEFORE = "as before"
"""Left out by an earlier plan, and nothing about them has changed."""


@dataclass(frozen=True)
class Plan:
    """What a run would do. Its rows stay in the temporary table `sync_plan` until the next plan on this connection."""

    sync: SyncSpec
    snapshot: int
    """What it has seen of the lake."""
    is_of_everybody: bool
    """Whether it has compared everybody, or only who has changed since the last run."""
    wanted: int
    """Members of the segment, whether or not they may be sent."""
    acknowledged: int
    """People believed to be in the audience."""
    adds: int = 0
    updates: int = 0
    removals: dict[str, int] = field(default_factory=dict)
    """By reason."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Members that are not sent, by reason."""
    unchanged: int = 0

    @property
    def opt_outs(self) -> int:
        return sum(rows for reason, rows in self.removals.items() if reason in OPT_OUTS)

    @property
    def total(self) -> int:
        return self.adds + self.updates + sum(self.removals.values())


def make_plan(sync: SyncSpec, *, key_form: str, lake: Lake) -> Plan:
    """Compares, and leaves the rows to send in the temporary table `sync_plan`.

    Phases of its rows: 0 opt-outs, 1 additions and updates, 2 other removals. Raises duckdb.Error when a mapped table
    or column does not exist.
    """
    snapshot = lake.snapshot()
    changed_only = find_changed(sync, key_form=key_form, lake=lake)
    erasure_key = key_in_use(lake)
    statements = Statements(
        sync,
        key_form,
        is_first=not changed_only and _was_nothing_sent(sync, lake),
        changed_only=changed_only,
        were_erased=erasure_key is not None,
    )
    bound = {"sync": sync.name, "erasure_key": erasure_key}
    _run(statements.before(), bound, lake)
    lake.connection.execute("begin")  # one snapshot for all of it, whoever commits meanwhile
    try:
        _run(statements.all(), bound, lake)
        return _counted(sync, snapshot, statements, lake)
    finally:
        lake.connection.execute("commit")


def _was_nothing_sent(sync: SyncSpec, lake: Lake) -> bool:
    """Whether nobody is believed to be there, nor may be."""
    tables = ("acknowledged", "intent")
    return not any(lake.value(f"select count(*) from activation.{t} where sync = ?", [sync.name]) for t in tables)


def _run(statements: Iterable[str], bound: Mapping[str, str | None], lake: Lake) -> None:
    for statement in statements:
        named = {name: value for name, value in bound.items() if f"${name}" in statement}
        lake.connection.execute(statement, named)


def _counted(sync: SyncSpec, snapshot: int, statements: Statements, lake: Lake) -> Plan:
    counts = lake.rows(
        "select operation, reason, count(*), count(*) filter (is_acknowledged) from sync_difference "
        "where operation <> 'keep' group by all"
    )
    acknowledged = lake.value("select count(*) from activation.acknowledged where sync = ?", [sync.name])
    counted = "count(*)" if len(sync.segments) == 1 else "count(distinct customer_id)"
    wanted = lake.value(f"select {counted} from segments.membership where {statements.inputs.segments}")
    unchanged = acknowledged - sum(known for operation, _, _, known in counts if operation != "skip")
    left_out = {reason: rows for operation, reason, rows, _ in counts if operation == "skip"}
    arriving = sum(rows for operation, _, rows, _ in counts if operation in ("add", "update"))
    newly_out = sum(rows - known for operation, _, rows, known in counts if operation == "skip")
    if statements.changed_only and sync.mode == "mirror" and (before := wanted - unchanged - arriving - newly_out) > 0:
        left_out[AS_BEFORE] = before
    return Plan(
        sync=sync,
        snapshot=snapshot,
        is_of_everybody=not statements.changed_only,
        wanted=wanted,
        acknowledged=acknowledged,
        adds=sum(rows for operation, _, rows, _ in counts if operation == "add"),
        updates=sum(rows for operation, _, rows, _ in counts if operation == "update"),
        removals={reason: rows for operation, reason, rows, _ in counts if operation == "remove"},
        left_out=left_out,
        unchanged=unchanged,
    )
