"""Another definition, before it is in force: compared with the one that is, on the same snapshot, as Markdown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cohorte.activation.spec import SyncSpec
from cohorte.destinations.base import Stage
from cohorte.lake import Lake
from cohorte.segments import comparison, cost, definitions, moment
from cohorte.segments.comparison import Change, Fairness
from cohorte.segments.cost import Cost
from cohorte.segments.moment import Moment
from cohorte.settings import Settings


@dataclass(frozen=True)
class Diff:
    """What would change. `against`: the old definitions, in words."""

    against: str
    moment: Moment
    changes: list[Change]
    fairness: list[Fairness]
    costs: list[Cost]


def diff(
    segments: list[str],
    *,
    settings: Settings,
    syncs: Sequence[SyncSpec],
    stages: Callable[[SyncSpec], Sequence[Stage]],
    revision: str | None = None,
    version: int | None = None,
) -> Diff:
    """The working tree's definitions against a revision of git, a version the lake keeps, or what is in force.

    segments: those to compare; all when empty. stages: of a sync's destination.
    Raises ValueError for an unknown segment, revision or version, RuntimeError when dbt cannot compile either side.
    """
    with Lake.open(settings, read_only=True) as lake:
        old = (
            definitions.of_revision(revision, settings)
            if revision
            else definitions.stored(version, segments, lake=lake)
        )
        before = definitions.compiled(old, settings=settings, side="before")
        after = definitions.compiled(definitions.working_tree(settings), settings=settings, side="after")
        when = moment.latest(lake)
        lake.execute("begin")
        comparison.answer(before, after, lake=lake)
        lake.execute("commit")
        found = comparison.changes(segments, lake=lake)
        if strangers := sorted(set(segments) - {change.segment for change in found}):
            raise ValueError(f"nobody is in {', '.join(strangers)}, before or after; see `cohorte segments list`")
        changed = [change.segment for change in found if not change.is_none]
        return Diff(
            against=revision or (f"version {version}" if version else "what is in force"),
            moment=when,
            changes=found,
            fairness=comparison.fairness(changed, lake=lake) if changed else [],
            costs=[cost.of_sync(sync, stages(sync), lake=lake) for sync in syncs if set(sync.segments) & set(changed)],
        )
