"""A time of the past becomes the snapshot in which segments and features agree."""

from datetime import datetime

import pytest

from cohorte.lake import Lake
from cohorte.segments import moment
from cohorte.segments.moment import Moment


@pytest.fixture(scope="module")
def built(lake: Lake) -> dict[str, int]:
    """Three builds, as their journal has it, and the snapshot each left behind; of one the lake knows no more."""
    lake.execute(
        "insert into ops.run values "
        "('r', 'build', 'segments', null, 1.0, timestamp '2017-11-01', timestamp '2020-01-01')"
    )
    snapshots = {}
    for day in ("2017-11-30 12:00:00", "2017-12-01 12:00:00"):
        snapshots[day] = lake.snapshot()
        lake.execute(
            "insert into ops.run values ('r', 'build', 'segments', null, 1.0, ?, now() at time zone 'UTC')", [day]
        )
        lake.execute("insert into ops.run values ('r', 'score', '', null, 1.0, ?, now() at time zone 'UTC')", [day])
    return snapshots


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2017-11-30", "2017-11-30 12:00:00"),
        ("2017-11-30T12:00", "2017-11-30 12:00:00"),
        ("2017-12-01T11:59:59", "2017-11-30 12:00:00"),
        ("2017-12-01T14:00:00+02:00", "2017-12-01 12:00:00"),
        ("2030-01-01", "2017-12-01 12:00:00"),
    ],
)
def test_the_last_build_until_then_counts(lake: Lake, built: dict[str, int], text: str, day: str) -> None:
    assert moment.find(text, lake=lake) == Moment(datetime.fromisoformat(day), built[day])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("last week", "'last week' is no time; write 2017-11-30"),
        ("2017-10-31", "no segments were built by 2017-10-31.*the first: 2017-11-01"),
        ("2017-11-02", "the segments of 2017-11-01 00:00:00 are forgotten; the lake goes back to"),
    ],
)
def test_what_cannot_be_reached_is_said(lake: Lake, built: dict[str, int], text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        moment.find(text, lake=lake)


def test_now_is_the_newest_snapshot(lake: Lake, built: dict[str, int]) -> None:
    assert moment.latest(lake) == Moment(datetime(2017, 12, 1, 12), lake.snapshot())
