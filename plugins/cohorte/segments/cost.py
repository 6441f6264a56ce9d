"""What other definitions would cost on the platforms: each sync is planned as if the segments were so already."""

from collections.abc import Sequence
from dataclasses import dataclass

from cohorte.activation.guard import reason_to_hold
from cohorte.activation.plan import Plan
from cohorte.activation.spec import SyncSpec
from cohorte.activation.wave import least_calls
from cohorte.destinations.base import Stage
from cohorte.lake import Lake
from cohorte.segments.comparison import SIDES
from cohorte.steps.activate import plan


@dataclass(frozen=True)
class Cost:
    """One sync: what the next run does with the old definitions, and what with the new ones."""

    sync: str
    destination: str
    before: Plan
    after: Plan
    calls_before: int
    calls_after: int
    held: str | None
    """Why its guard would hold the run with the new ones, if it would."""


def of_sync(sync: SyncSpec, stages: Sequence[Stage], *, lake: Lake) -> Cost:
    """Plans with the temporary tables `before` and `after` of `comparison.answer` in the place of the membership.

    The lake may be open for reading only: the tables lie in DuckDB's memory, in front of the lake's own on the search
    path. Nobody counts as compared before, so that the plan looks at everybody.
    """
    lake.execute("create schema if not exists memory.segments")
    lake.execute("create schema if not exists memory.activation")
    lake.execute("create or replace table memory.activation.sync_run as from lake.activation.sync_run limit 0")
    planned: dict[str, tuple[Plan, int]] = {}
    lake.execute("set search_path = 'lake.main,memory.segments,memory.activation,lake.activation'")
    try:
        for side in SIDES:
            lake.execute(f"create or replace table memory.segments.membership as from {side}")
            planned[side] = plan(sync, lake=lake), least_calls(lake, stages)
        before, calls_before = planned["before"]
        after, calls_after = planned["after"]
        held = reason_to_hold(after, lake=lake)
        return Cost(sync.name, sync.destination, before, after, calls_before, calls_after, held)
    finally:
        lake.execute("use lake")
