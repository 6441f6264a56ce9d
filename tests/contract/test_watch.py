"""How fresh the streams of a lake are, by the loads it has accepted and the limits in `_sources.yml`."""

from datetime import UTC, datetime, timedelta

import pytest

from cohorte.lake import Lake
from cohorte.steps.watch import Freshness, watch

OF_META = ("ad_insight", "comment", "lead", "reaction")


@pytest.fixture(scope="module")
def lake(lake: Lake) -> Lake:
    lake.settings = lake.settings.model_copy(update={"sources": "meta"})
    return lake


def loaded(lake: Lake, stream: str, age: timedelta, rows: int = 0) -> None:
    at = datetime.now(UTC).replace(tzinfo=None) - age
    lake.execute(
        "insert into ops.load (load_id, source, stream, rows, files, loaded_at) values (?, 'meta', ?, ?, 0, ?)",
        [f"{at:%Y%m%dT%H%M%S}", stream, rows, at],
    )


def states(found: tuple[Freshness, ...]) -> dict[str, str]:
    return {it.stream: it.state for it in found if it.source == "meta"}


def test_a_load_without_rows_is_a_sign_of_life(lake: Lake) -> None:
    loaded(lake, "comment", timedelta(minutes=5))
    loaded(lake, "comment", timedelta(days=30), rows=9)
    loaded(lake, "lead", timedelta(days=30), rows=9)
    first = watch(lake=lake)
    assert tuple(it.stream for it in first) == OF_META
    assert states(first) == {"comment": "fresh", "lead": "stale", "ad_insight": "waiting", "reaction": "waiting"}
    assert all(it.is_news for it in first)

    loaded(lake, "reaction", timedelta(minutes=5))
    second = watch(lake=lake)
    assert states(second) == states(first) | {"reaction": "fresh"}
    assert [it.stream for it in second if it.is_news] == ["reaction"]
    lead = next(it for it in second if it.stream == "lead")
    assert lead.since == next(it for it in first if it.stream == "lead").since
    assert str(lead).startswith("meta.lead is stale, last heard of ")
    kept = lake.rows("select stream, state, since from ops.freshness order by stream")
    assert kept == [(it.stream, it.state, it.since) for it in second]
