"""What is written down: the intent before a call, the receipt after it, and what is believed to be there.

A row is sent only when its intent is committed, and forgotten only when its receipt is. Whatever has an intent and no
answer may or may not be on the platform: the next plan sends it again, or removes it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cohorte.activation import entries
from cohorte.activation.alerts import Alert, RunState, changes, is_rejecting
from cohorte.activation.feed import definition
from cohorte.activation.plan import Plan
from cohorte.activation.spec import SyncSpec
from cohorte.destinations.base import Audience
from cohorte.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa


OPT_OUTS_ONLY = "opt-outs"
"""State of a run that was to send nothing else: says nothing of how the sync is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one planned row, free of personal data but for `key`, which goes to pii alone."""

    row: dict[str, Any]
    state: str
    reason: str | None = None
    external_id: str | None = None


@dataclass
class Counts:
    """How a run went. planned = added + updated + removed + rejected + pending, always."""

    planned: int = 0
    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    rejected: int = 0
    pending: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def count(self, rows: "pa.Table", outcomes: Sequence[Outcome]) -> None:
        """Adds a wave: its rows, and what `outcomes` says of some of them; the others were accepted."""
        accepted = Counter({told["values"]: told["counts"] for told in rows["operation"].value_counts().to_pylist()})
        for outcome in outcomes:
            if outcome.state != "accepted":
                accepted[outcome.row["operation"]] -= 1
                setattr(self, outcome.state, getattr(self, outcome.state) + 1)
                if outcome.reason:
                    self.reasons[outcome.reason] = self.reasons.get(outcome.reason, 0) + 1
        self.added += accepted["add"]
        self.updated += accepted["update"]
        self.removed += accepted["remove"]

    @property
    def accounted(self) -> int:
        return self.added + self.updated + self.removed + self.rejected + self.pending


class Ledger:
    """The activation tables, for one run of one sync."""

    def __init__(self, lake: Lake, sync: SyncSpec) -> None:
        import uuid

        self.lake = lake
        self.sync = sync
        self.started = _now()
        self.run_id = f"{self.started:%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"

    def start(self, plan: Plan, counts: Counts) -> None:
        """Opens the run; one that never ended was interrupted."""
        self._write([entries.KEPT, entries.REFUSED])

        def work() -> None:
            self.lake.execute(
                "update activation.sync_run set state = 'interrupted' where sync = ? and state = 'sending'",
                [self.sync.name],
            )
            self._write_run("sending", counts, plan, 0, None)

        self._commit("start", work)

    def finish(self, state: str, counts: Counts, plan: Plan, api_calls: int, message: str | None) -> list[Alert]:
        """Closes the run, and forgets the intents it settled. Returns what a person should know, as it is kept."""
        before, told = self._last_finished(), list[Alert]()
        is_all_settled = state == "done" and not counts.pending

        def work() -> None:
            self.lake.execute("delete from activation.sync_run where sync_run_id = ?", [self.run_id])
            self._write_run(state, counts, plan, api_calls, message)
            if self.lake.value("select exists (from sync_difference where operation = 'keep')"):
                self._write([entries.KEEP])
            self._write([entries.FORGET_ALL if is_all_settled else entries.FORGET_SETTLED])
            told[:] = [] if state == OPT_OUTS_ONLY else changes(before, self._state_now(state, message))
            for alert in told:
                self.lake.execute(
                    "insert into activation.alert values (?, ?, ?, ?, ?)",
                    [self.run_id, self.sync.name, alert.kind, alert.message, _now()],
                )

        self._commit(state, work)
        return told

    def hold_out(self) -> None:
        """Commits whom the plan holds out and no earlier run has written down: at the moment others are sent."""
        if self.lake.connection.execute(entries.NEWLY_HELD_OUT, self._bound(entries.NEWLY_HELD_OUT)).fetchone():
            self._commit("holdouts", lambda: self._write([f"insert into activation.holdout {entries.NEWLY_HELD_OUT}"]))

    def intend(self) -> None:
        """Commits what is about to be sent, and the keys that a later removal will need: of the rows in `wave`."""
        self._commit("intent", lambda: self._write(entries.INTEND))

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Commits the answers to the rows in `wave`: deliveries, what is believed to be there, refusals, keys.

        A row of which `outcomes` says nothing was accepted.
        """
        with self.lake.view("told", _arrow(outcomes)):
            self.lake.execute(entries.ANSWERED)
            self._commit(
                "receipts", lambda: self._write(then for needed, then in entries.SETTLE if self._is_needed(needed))
            )

    def audience(self) -> Audience | None:
        """The audience as an earlier run opened it."""
        found = self.lake.rows("select audience, external_id from activation.audience where sync = ?", [self.sync.name])
        return Audience(*found[0]) if found else None

    def remember_audience(self, audience: Audience) -> None:
        def work() -> None:
            self.lake.execute("delete from activation.audience where sync = ?", [self.sync.name])
            self.lake.execute(
                "insert into activation.audience values (?, ?, ?, ?)",
                [self.sync.name, audience.name, audience.external_id, _now()],
            )

        self._commit(f"audience {audience.external_id}", work)

    def forget(self) -> None:
        """Believes nobody to be there any more: the audience is another one. Keys stay; nothing is removed anywhere."""

        def work() -> None:
            for table in ("acknowledged", "intent", "rejected", "audience"):
                self.lake.execute(f"delete from activation.{table} where sync = ?", [self.sync.name])

        self._commit("new audience, start from nothing", work)

    def _commit(self, why: str, work: Callable[[], object]) -> None:
        """Other syncs write the same tables at the same time: who comes second writes again."""
        self.lake.write(f"sync {self.sync.name}: {why}", work, sync_run_id=self.run_id)

    def _last_finished(self) -> RunState | None:
        """How the last run that ended left the sync."""
        found = self.lake.connection.execute(
            """
            select state, acknowledged, coalesce((
                select arg_max(kind, sync_run_id) = 'rejecting' from activation.alert
                where sync = $sync and kind in ('rejecting', 'accepting')
            ), false)
            from activation.sync_run
            where sync = $sync and sync_run_id < $run and state in ('done', 'held', 'failed')
            order by sync_run_id desc limit 1
            """,
            {"sync": self.sync.name, "run": self.run_id},
        ).fetchone()
        return RunState(*found) if found else None

    def _state_now(self, state: str, message: str | None) -> RunState:
        acknowledged = self._count("acknowledged")
        return RunState(state, acknowledged, is_rejecting(self._count("rejected"), acknowledged), message)

    def _count(self, table: str) -> int:
        return int(self.lake.value(f"select count(*) from activation.{table} where sync = ?", [self.sync.name]))

    def _last_compared(self) -> datetime | None:
        compared: datetime | None = self.lake.value(
            "select max(compared_at) from activation.sync_run where sync = ?", [self.sync.name]
        )
        return compared

    def _write(self, statements: Iterable[str]) -> None:
        """Statements that may name $run, $sync, $segments and $now."""
        for statement in statements:
            self.lake.connection.execute(statement, self._bound(statement))

    def _is_needed(self, condition: str) -> bool:
        """A statement on the lake costs a look at its files even when it changes nothing."""
        row = self.lake.connection.execute(f"select {condition}", self._bound(condition)).fetchone()
        return bool(row and row[0])

    def _bound(self, statement: str) -> dict[str, Any]:
        bound: dict[str, Any] = {
            "run": self.run_id,
            "sync": self.sync.name,
            "segments": list(self.sync.segments),
            "now": _now(),
        }
        return {name: value for name, value in bound.items() if f"${name}" in statement}

    def _write_run(self, state: str, counts: Counts, plan: Plan, api_calls: int, message: str | None) -> None:
        values = [
            self.run_id,
            self.sync.name,
            self.sync.destination,
            state,
            counts.planned,
            counts.added,
            counts.updated,
            counts.removed,
            counts.unchanged,
            counts.rejected,
            counts.pending,
            api_calls,
            json.dumps(plan.left_out, sort_keys=True),
            message,
            definition(self.sync),
            plan.snapshot,
            self._count("acknowledged"),
            self.started if plan.is_of_everybody else self._last_compared(),
            self.started,
            None if state == "sending" else _now(),
        ]
        self.lake.execute(f"insert into activation.sync_run values ({', '.join('?' * len(values))})", values)


def _arrow(outcomes: Sequence[Outcome]) -> "pa.Table":
    import pyarrow as pa

    text = pa.string()
    return pa.table(
        {
            "destination_key": pa.array([outcome.row["destination_key"] for outcome in outcomes], text),
            "state": pa.array([outcome.state for outcome in outcomes], text),
            "reason": pa.array([outcome.reason for outcome in outcomes], text),
            "external_id": pa.array([outcome.external_id for outcome in outcomes], text),
        }
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
