"""A comparison of definitions, written for a pull request."""

from collections.abc import Iterator

from cohorte.activation.plan import Plan
from cohorte.segments.comparison import Fairness
from cohorte.segments.diff import Diff

NOTICEABLE = 0.005
"""A selection rate that moves by less is left out."""


def render(found: Diff) -> str:
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Diff) -> Iterator[str]:
    changed = [change for change in found.changes if not change.is_none]
    yield f"### Segments against {found.against}"
    yield ""
    yield f"Both on snapshot {found.moment.snapshot} of the lake, segments as of {found.moment.time} UTC."
    yield ""
    if not changed:
        yield f"No segment changes: the same members in all {len(found.changes)}."
        return
    yield "| segment | before | after | enter | leave | stay | overlap | held out |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for c in changed:
        held = f"{c.before_held_out:,} → {c.after_held_out:,}" if c.before_held_out or c.after_held_out else ""
        yield (
            f"| {c.segment} | {c.before:,} | {c.after:,} | +{c.entrants:,} | −{c.leavers:,} | {c.staying:,} "
            f"| {c.overlap:.0%} | {held} |"
        )
    if same := len(found.changes) - len(changed):
        yield ""
        yield f"Unchanged: {same} segment{'s' if same > 1 else ''}."
    yield from _audits(found.fairness)
    yield from _costs(found)


def _audits(audits: list[Fairness]) -> Iterator[str]:
    yield ""
    yield "#### Audit"
    yield ""
    for audit in audits:
        words = [f"unequal treatment{'' if said in audit.before else ', **new**'}: {said}" for said in audit.after]
        words += [f"no longer: {said}" for said in audit.before if said not in audit.after]
        yield f"- {audit.segment}: {'; '.join(words) or 'nothing that is not waived'}"
    moved = [
        f"| {audit.segment} | {rate.attribute} {rate.group} | {_share(rate.before)} | {_share(rate.after)} |"
        for audit in audits
        for rate in audit.rates
        if abs((rate.after or 0) - (rate.before or 0)) >= NOTICEABLE
    ]
    if moved:
        yield ""
        yield "<details><summary>Selection rates that move</summary>"
        yield ""
        yield "| segment | group | selected before | selected after |"
        yield "|---|---|--:|--:|"
        yield from moved
        yield ""
        yield "</details>"


def _costs(found: Diff) -> Iterator[str]:
    yield ""
    yield "#### On the platforms"
    yield ""
    if not found.costs:
        yield "No sync sends any of these segments."
        return
    yield "| sync | next run, as it is | next run, with this | API calls, at least | guard |"
    yield "|---|---|---|--:|---|"
    for c in found.costs:
        yield (
            f"| {c.sync} ({c.destination}) | {_plan(c.before)} | {_plan(c.after)} "
            f"| {c.calls_before:,} → {c.calls_after:,} | {c.held or 'lets it pass'} |"
        )


def _plan(plan: Plan) -> str:
    return f"+{plan.adds:,} ~{plan.updates:,} −{sum(plan.removals.values()):,}"


def _share(rate: float | None) -> str:
    return "none" if rate is None else f"{rate:.1%}"
