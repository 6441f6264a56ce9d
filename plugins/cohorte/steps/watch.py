"""Watch: which streams have not been heard of for longer than their source allows. Into ops.freshness.

How long that is, `freshness` in the source's `_sources.yml` says, and dbt compares; what it was compared with is the
last load that was accepted, whether it brought rows or not (dbt_project/macros/last_load.sql).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from cohorte.lake import Lake

State = Literal["fresh", "late", "stale", "waiting"]
STATES: dict[str, State] = {"pass": "fresh", "warn": "late", "error": "stale"}
NEVER = 1
"""The year dbt has for what was never loaded."""


@dataclass(frozen=True)
class Freshness:
    """How a stream is, and since when it has been so."""

    source: str
    stream: str
    state: State
    """late: beyond `warn_after`; stale: beyond `error_after`; waiting: nothing was ever landed"""
    heard_at: datetime | None
    since: datetime
    is_news: bool
    """Whether the state is another one than at the look before."""

    def __str__(self) -> str:
        heard = f"last heard of {self.heard_at:%Y-%m-%d %H:%M} UTC" if self.heard_at else "never heard of"
        return f"{self.source}.{self.stream} is {self.state}, {heard}"


def watch(*, lake: Lake) -> tuple[Freshness, ...]:
    """Looks at every stream of the sources that are landed here; one row each, in the order of their names.

    Raises RuntimeError when dbt cannot tell of one (a limit that is none, a lost catalogue).
    """
    from cohorte.landing import catalog
    from cohorte.steps.build import run_dbt

    sources = [f"source:{name}" for name in catalog.names(lake.settings)]
    results = run_dbt(["source", "freshness", "--select", *sources], settings=lake.settings)
    if broken := [result for result in results if str(result.status) not in STATES]:
        raise RuntimeError(f"{broken[0].node.unique_id}: {broken[0].message}. See its `_sources.yml`.")
    before = {
        (source, stream): (state, since)
        for source, stream, state, since in lake.rows("select source, stream, state, since from ops.freshness")
    }
    now = datetime.now(UTC).replace(tzinfo=None)
    found = tuple(sorted((_told(r, before, now) for r in results), key=lambda it: (it.source, it.stream)))
    _remember(found, now, lake)
    return found


def _told(result: Any, before: dict[tuple[str, str], tuple[State, datetime]], now: datetime) -> Freshness:
    source, stream = result.node.identifier.split("__", 1)
    heard_at = result.max_loaded_at.replace(tzinfo=None) if result.max_loaded_at.year > NEVER else None
    state = STATES[str(result.status)] if heard_at else "waiting"
    was, since = before.get((source, stream), (None, now))
    return Freshness(source, stream, state, heard_at, since if was == state else now, is_news=was != state)


def _remember(found: tuple[Freshness, ...], now: datetime, lake: Lake) -> None:
    rows = [value for it in found for value in (it.source, it.stream, it.state, it.heard_at, it.since, now)]

    def work() -> None:
        lake.execute("delete from ops.freshness")
        if rows:
            lake.execute(f"insert into ops.freshness values {', '.join(['(?, ?, ?, ?, ?, ?)'] * len(found))}", rows)

    lake.write("how fresh the streams are", work)
