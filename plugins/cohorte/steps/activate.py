"""Activate: one platform's audience brought in step with a segment."""

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cohorte import destinations
from cohorte.activation.budget import budget_of
from cohorte.activation.engine import Engine
from cohorte.activation.guard import reason_to_hold
from cohorte.activation.ledger import OPT_OUTS_ONLY, Counts, Ledger
from cohorte.activation.plan import Plan, make_plan
from cohorte.activation.spec import SyncSpec, read_manifest
from cohorte.activation.wave import least_calls
from cohorte.credentials import Credentials
from cohorte.destinations.base import Destination
from cohorte.lake import Lake
from cohorte.steps.audit import unwaived_breaches

if TYPE_CHECKING:
    import pyarrow as pa

ANY = sys.maxsize
"""To approve whatever a run would do."""

log = logging.getLogger(__name__)

OPT_OUTS = (0,)
THE_REST = (1, 2)
"""Phases of a plan: opt-outs and suppressions go first, and go out even when a guard holds the rest."""


@dataclass(frozen=True)
class SyncResult:
    """What one run did. planned = added + updated + removed + rejected + pending."""

    name: str
    destination: str
    state: str
    """done | opt-outs (nothing else was asked for) | held (a person must approve) | failed (the platform is down, or
    refuses us; the rest is pending)."""
    planned: int = 0
    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    rejected: int = 0
    pending: int = 0
    held: bool = False
    waiting: int = 0
    """Operations that wait for a person, when it is held."""
    reason: str | None = None
    """Why it was held or failed."""
    api_calls: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    """Members of the segment that were not sent, by reason."""
    alerts: tuple[str, ...] = ()
    """What changed since the last run and a person should know: `kind: message`. Kept in activation.alert."""


def load_syncs(manifest_path: Path) -> list[SyncSpec]:
    """The syncs declared in dbt's `manifest.json`, by name.

    Raises FileNotFoundError without a manifest and ValueError on a declaration that is wrong.
    """
    return read_manifest(manifest_path)


def plan(sync: SyncSpec, *, lake: Lake) -> Plan:
    """What `activate` would do now; sends nothing. Raises ValueError when the destination cannot do what it should."""
    kind = destinations.kind(sync.destination)
    if sync.on_leave == "clear" and not kind.can_clear:
        raise ValueError(
            f"sync {sync.name}: {sync.destination} cannot clear the properties of who leaves. "
            "Set on_leave to remove or keep in _syncs.yml."
        )
    return make_plan(sync, key_form=kind.key_form, lake=lake)


@dataclass(frozen=True)
class Preview:
    """What a run would do now. `rows`: operation, reason, customers and some of them, by id."""

    plan: Plan
    rows: "pa.Table"
    least_calls: int
    held: str | None
    """Why it would be held, if it would."""


def preview(sync: SyncSpec, *, lake: Lake, destination: Destination, samples: int = 3) -> Preview:
    """Plans and sends nothing; a lake opened for reading will do. Raises ValueError as `plan` does."""
    wanted = plan(sync, lake=lake)
    rows = lake.arrow(
        """
        select operation, reason, count(*) as customers, list(customer_id order by customer_id)[1:?] as such_as
        from sync_plan group by operation, reason order by operation, reason
        """,
        [samples],
    )
    held = reason_to_hold(wanted, lake=lake) or _unfair(sync, lake)
    return Preview(wanted, rows, least_calls(lake, destination.stages), held)


def activate(
    sync: SyncSpec,
    *,
    lake: Lake,
    credentials: Credentials,
    destination: Destination | None = None,
    approved: int = 0,
    opt_outs_only: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> SyncResult:
    """Brings the platform's audience in step with the segment, and writes down every answer.

    Safe to run again at any time, also after a crash: what may or may not have arrived is sent again. A run that its
    guard holds sends opt-outs only, unless `approved` is as many operations as wait, or more (ANY); so does one with
    `opt_outs_only`. `progress` is told rows done and rows planned.

    Raises ValueError on an unknown destination, and KeyError when the connection lacks an entry.
    """
    sender = destination or destinations.get(sync.destination, credentials)
    try:
        result, is_audience_gone = _run(sync, lake, sender, approved, opt_outs_only, progress)
        if is_audience_gone and not opt_outs_only:
            result, _ = _run(sync, lake, sender, approved, False, progress)
    finally:
        if destination is None:
            sender.close()
    for alert in result.alerts:
        log.warning("sync %s: %s", sync.name, alert)
    log.info(
        "sync %s: %s, %d added, %d updated, %d removed, %d unchanged, %d rejected, %d pending, %d calls%s",
        *(sync.name, result.state, result.added, result.updated, result.removed, result.unchanged),
        *(result.rejected, result.pending, result.api_calls, f": {result.reason}" if result.reason else ""),
    )
    return result


def _run(
    sync: SyncSpec,
    lake: Lake,
    sender: Destination,
    approved: int,
    opt_outs_only: bool,
    progress: Callable[[int, int], None] | None,
) -> tuple[SyncResult, bool]:
    """One plan, sent; and whether the audience turned out to be gone."""
    calls_before = sender.api_calls
    ledger = Ledger(lake, sync)
    engine = Engine(sender, budget_of(f"{sync.destination}:{sync.connection}", sender.limits))
    engine.open(ledger)
    wanted = plan(sync, lake=lake)
    waiting = wanted.total - wanted.opt_outs
    is_approved = bool(approved) and waiting <= approved
    held = None if is_approved or opt_outs_only else reason_to_hold(wanted, lake=lake) or _unfair(sync, lake)
    is_partial = bool(held) or opt_outs_only
    counts = Counts(planned=wanted.opt_outs if is_partial else wanted.total, unchanged=wanted.unchanged)
    ledger.start(wanted, counts)

    def say(done: int) -> None:
        if progress:
            progress(done, counts.planned)

    engine.send(ledger, counts, phases=OPT_OUTS, progress=say)
    if not is_partial:
        ledger.hold_out()
        engine.send(ledger, counts, phases=THE_REST, progress=say)
    assert counts.accounted == counts.planned, f"sync {sync.name}: {counts} does not add up"
    state = "failed" if engine.stopped else OPT_OUTS_ONLY if opt_outs_only else "held" if held else "done"
    result = SyncResult(
        name=sync.name,
        destination=sync.destination,
        state=state,
        planned=counts.planned,
        added=counts.added,
        updated=counts.updated,
        removed=counts.removed,
        unchanged=counts.unchanged,
        rejected=counts.rejected,
        pending=counts.pending,
        held=bool(held),
        waiting=waiting if held else 0,
        reason=engine.stopped or held,
        api_calls=sender.api_calls - calls_before,
        left_out=wanted.left_out,
    )
    told = ledger.finish(state, counts, wanted, result.api_calls, result.reason)
    result = replace(result, alerts=tuple(f"{alert.kind}: {alert.message}" for alert in told))
    if engine.is_audience_gone:
        ledger.forget()
    return result, engine.is_audience_gone


def _unfair(sync: SyncSpec, lake: Lake) -> str | None:
    """A breach of fairness nobody answers for holds the audience; it reaches nobody new until somebody does."""
    breaches = unwaived_breaches(sync.segments, lake=lake)
    if not breaches:
        return None
    found = ", ".join(f"{segment} by {attribute}" for segment, attribute in breaches)
    return f"the audit found unequal treatment: {found}. Change the segment, or waive it in expectations/waivers.yml"
