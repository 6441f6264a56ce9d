"""When a run must not happen by itself: what it would do is more likely a fault upstream than a wish."""

from datetime import UTC, datetime, timedelta

from cohorte.activation.plan import Plan
from cohorte.lake import Lake


def reason_to_hold(plan: Plan, *, lake: Lake) -> str | None:
    """Why a person should look first, or None. Opt-outs and suppressions are never counted, and never held."""
    guard, known = plan.sync.guard, plan.acknowledged
    removals = sum(plan.removals.values()) - plan.opt_outs
    if removals and plan.wanted == 0:
        return f"the segment is empty, {removals} would be removed"
    if known and removals / known > guard.max_removal_share:
        return f"{removals} of {known} would be removed ({removals / known:.0%}), {guard.max_removal_share:.0%} may be"
    if known and guard.max_addition_share is not None and plan.adds / known > guard.max_addition_share:
        return f"{plan.adds} would be added to {known} ({plan.adds / known:.0%}), {guard.max_addition_share:.0%} may be"
    return _stale(plan, lake)


def _stale(plan: Plan, lake: Lake) -> str | None:
    """Segments that nobody has assigned for too long say nothing about today."""
    hours = plan.sync.guard.max_source_age_hours
    if hours is None:
        return None
    assigned = lake.value("select max(finished_at) from ops.run where step = 'assign'")
    if assigned is None or datetime.now(UTC).replace(tzinfo=None) - assigned <= timedelta(hours=hours):
        return None
    return f"segments were last assigned {assigned:%Y-%m-%d %H:%M} UTC, more than {hours:g} hours ago"
