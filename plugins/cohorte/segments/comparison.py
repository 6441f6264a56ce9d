"""Two sets of definitions on one snapshot: who enters, who leaves, and what the audit says of either."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cohorte.lake import Lake

if TYPE_CHECKING:
    from cohorte.steps.audit import Audited

SIDES = ("before", "after")


@dataclass(frozen=True)
class Change:
    """One segment. Counts of members; `*_held_out`: those whom an experiment keeps from being sent."""

    segment: str
    before: int
    after: int
    entrants: int
    leavers: int
    before_held_out: int
    after_held_out: int
    moved_in_or_out_of_holdout: int

    @property
    def staying(self) -> int:
        return self.before - self.leavers

    @property
    def overlap(self) -> float:
        """Who is in both, as a share of who is in either; 1 for two empty segments."""
        either = self.before + self.entrants
        return self.staying / either if either else 1.0

    @property
    def is_none(self) -> bool:
        return not (self.entrants or self.leavers or self.moved_in_or_out_of_holdout)


@dataclass(frozen=True)
class Rate:
    """How many of a group a segment selects. `*_breach`: the audit would say so, and nobody has waived it."""

    attribute: str
    group: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Fairness:
    """One segment's audit, before and after."""

    segment: str
    rates: list[Rate]
    before: list[str] = field(default_factory=list)
    """Breaches nobody has waived, in words."""
    after: list[str] = field(default_factory=list)


def answer(before: str, after: str, *, lake: Lake) -> None:
    """Runs both SELECTs into the temporary tables `before` and `after`: one row per member.

    Call in a transaction: one snapshot for both.
    """
    for side, query in zip(SIDES, (before, after), strict=True):
        lake.execute(
            f"""create or replace temp table {side} as
            select segment, customer_id, now()::timestamp as entered_at, score, reason, holdout from ({query})
            where left_out is null"""
        )


def changes(segments: Iterable[str], *, lake: Lake) -> list[Change]:
    """What `answer` found, segment by segment; of all that either knows when none is named."""
    rows = lake.rows(
        """
        select coalesce(b.segment, a.segment) as segment, count(b.segment), count(a.segment),
            count(*) filter (where b.segment is null), count(*) filter (where a.segment is null),
            count(b.holdout), count(a.holdout),
            count(*) filter (
                where a.segment is not null and b.segment is not null and a.holdout is distinct from b.holdout
            )
        from before as b full join after as a on a.segment = b.segment and a.customer_id = b.customer_id
        group by 1 order by 1
        """
    )
    wanted = set(segments)
    return [Change(*row) for row in rows if not wanted or row[0] in wanted]


def fairness(segments: list[str], *, lake: Lake) -> list[Fairness]:
    """The audit of these segments, before and after."""
    from cohorte.steps.audit import judge_segments

    audits: dict[str, dict[str, Audited]] = {}
    for side in SIDES:
        members = lake.arrow(
            f"select segment, customer_id from {side} where list_contains(?, segment)", [segments]
        ).to_pandas()
        audits[side] = {audited.subject: audited for audited in judge_segments(members, lake=lake)}
    return [_fairness(segment, *(audits[side].get(segment) for side in SIDES)) for segment in segments]


def _fairness(segment: str, before: "Audited | None", after: "Audited | None") -> Fairness:
    rates = {side: _rates(audited) for side, audited in zip(SIDES, (before, after), strict=True)}
    groups = sorted({*rates["before"], *rates["after"]})
    return Fairness(
        segment,
        [Rate(*group, rates["before"].get(group), rates["after"].get(group)) for group in groups],
        list(before.blocking) if before else [],
        list(after.blocking) if after else [],
    )


def _rates(audited: "Audited | None") -> dict[tuple[str, str], float]:
    """(attribute, group) -> the share of the group that is selected."""
    if audited is None:
        return {}
    table = audited.report.table
    groups = table[table["metric"] == "selection_ratio"]
    return {(row.attribute, row.group): row.selected / row.rows for row in groups.itertuples()}
