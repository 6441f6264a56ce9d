"""A moment of the past: the snapshot of the lake in which the segments of then agree with what they were made from."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cohorte.lake import CATALOG, Lake


@dataclass(frozen=True)
class Moment:
    """`time`: business time of the segments' build. `snapshot`: the lake right after it."""

    time: datetime
    snapshot: int


def find(text: str, *, lake: Lake) -> Moment:
    """The last build of the segments not later than `text`: a business time in UTC, or a date, which means its end.

    Raises ValueError when it is no time, when nothing was built by then, or when the lake no longer knows.
    """
    until = _parsed(text)
    found = _build("business_time <= ?", until, lake)
    if found is None:
        first = lake.value(f"select min(business_time) from ({_BUILDS})")
        raise ValueError(
            f"no segments were built by {until}; " + (f"the first: {first}" if first else "none ever were")
        )
    if found.snapshot is None:
        oldest = lake.value(f"select min(snapshot_time at time zone 'UTC') from ducklake_snapshots('{CATALOG}')")
        raise ValueError(
            f"the segments of {found.time} are forgotten; the lake goes back to {oldest:%Y-%m-%d %H:%M} UTC"
        )
    return Moment(found.time, found.snapshot)


def latest(lake: Lake) -> Moment:
    """The lake as it is, with the time of its segments. Raises ValueError when none were ever built."""
    time = lake.value(f"select arg_max(business_time, finished_at) from ({_BUILDS})")
    if time is None:
        raise ValueError("there are no segments yet. Build them: cohorte run build segments")
    return Moment(time, lake.snapshot())


def build_of(snapshot: int, *, lake: Lake) -> tuple[Moment | None, Moment | None]:
    """The build that wrote a snapshot, and the one before: None where there is none, or where it is forgotten."""
    before, at = (
        _build(f"finished_at {sign} ({_TIME_OF})", snapshot, lake, order)
        for sign, order in (("<", "desc"), (">=", "asc"))
    )
    return tuple(  # type: ignore[return-value]
        Moment(found.time, found.snapshot) if found and found.snapshot is not None else None for found in (at, before)
    )


_BUILDS = "select business_time, finished_at from ops.run where step = 'build' and subject = 'segments'"
_TIME_OF = f"select snapshot_time at time zone 'UTC' from ducklake_snapshots('{CATALOG}') where snapshot_id = ?"


@dataclass(frozen=True)
class _Build:
    time: datetime
    snapshot: int | None


def _build(condition: str, value: object, lake: Lake, order: str = "desc") -> _Build | None:
    """The first build by `order` of the system's clock for which the condition holds."""
    found = lake.rows(f"select * from ({_BUILDS}) where {condition} order by finished_at {order} limit 1", [value])
    if not found:
        return None
    time, finished_at = found[0]
    snapshot = lake.value(
        f"select max(snapshot_id) from ducklake_snapshots('{CATALOG}') where snapshot_time at time zone 'UTC' <= ?",
        [finished_at],
    )
    return _Build(time, snapshot)


def _parsed(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time; write 2017-11-30, or 2017-11-30T18:00 (UTC)") from None
    if len(text) <= len("2017-11-30"):
        moment += timedelta(days=1, microseconds=-1)
    return moment.replace(tzinfo=None) if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
