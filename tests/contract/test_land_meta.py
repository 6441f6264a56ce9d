"""Meta as a source: reactions that come and go, ads whose figures grow, tokens that end."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from cohorte import sources
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.sources.base import Source, SourceError, Window
from cohorte.steps.land import land
from sandbox.meta import door, insights
from sandbox.server import Running

NOW = datetime(2017, 11, 30, 23, 59, 59, tzinfo=UTC)


def source(server: Running, **extra: Any) -> Source:
    connection = server.connections["meta_default"]
    made = sources.get(
        "meta", Credentials.from_mapping("meta_default", connection | {"extra": connection["extra"] | extra})
    )
    made.http.sleep = lambda seconds: None  # type: ignore[attr-defined]
    return made


@pytest.fixture
def lake(lake: Lake, sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """Without a trace of earlier tests, living in the sandbox's time."""
    for table in ("reaction", "ad_insight"):
        lake.execute(f"delete from raw.meta__{table}")
    for table in ("load", "load_event", "bookmark"):
        lake.execute(f"delete from ops.{table} where source = 'meta'")
    here = lake.settings.model_copy(update={"clock": f"{sandbox.url}/_control/clock"})
    monkeypatch.setattr(lake, "settings", here)
    yield lake


@pytest.fixture
def days_pass(sandbox: Running) -> Callable[[int], None]:
    def advance(days: int) -> None:
        httpx.post(f"{sandbox.url}/_control/clock", json={"advance_days": days}).raise_for_status()

    return advance


def read(origin: Source, stream: str, since: datetime | None = None, until: datetime = NOW) -> list[dict[str, Any]]:
    chosen = next(found for found in origin.streams if found.name == stream)
    return [row for batch in origin.read(chosen, Window(since, until)) for row in batch.to_pylist()]


def test_only_posts_whose_reactions_changed_are_read_again(
    lake: Lake, sandbox: Running, days_pass: Callable[[int], None]
) -> None:
    first = land(source(sandbox), lake=lake, streams=["reaction"])
    assert first.rows["reaction"] > 0
    assert land(source(sandbox), lake=lake, streams=["reaction"]).rows["reaction"] == 0
    days_pass(125)
    again = land(source(sandbox), lake=lake, streams=["reaction"])
    posts = "select distinct post_id from raw.meta__reaction where _load_id = ?"
    changed, before = (set(lake.rows(posts, [load.load_id])) for load in (again, first))
    assert changed and len(changed) < len(before)
    whole = {(row["post_id"], row["id"]) for row in read(source(sandbox), "reaction") if (row["post_id"],) in changed}
    landed = lake.rows("select post_id, id from raw.meta__reaction where _load_id = ?", [again.load_id])
    assert set(landed) == whole


def test_a_post_without_a_reaction_left_says_so(sandbox: Running) -> None:
    """Otherwise those it had would stay for ever."""
    origin = source(sandbox)
    origin.bookmarks["reaction"] = {row["post_id"]: "999" for row in read(origin, "reaction")}
    get = origin.http.get  # type: ignore[attr-defined]

    class Empty:
        def json(self) -> dict[str, Any]:
            return {"data": []}

    origin.http.get = lambda url, **o: Empty() if url.endswith("/reactions") else get(url, **o)  # type: ignore
    rows = read(origin, "reaction")
    assert {row["post_id"] for row in rows} == origin.bookmarks["reaction"].keys()
    assert {row["id"] for row in rows} == {None}


def test_insights_are_restated_for_twenty_eight_days(
    lake: Lake, sandbox: Running, days_pass: Callable[[int], None]
) -> None:
    land(source(sandbox), lake=lake, streams=["ad_insight"])
    days_pass(3)
    again = land(source(sandbox), lake=lake, streams=["ad_insight"])
    (first, last) = lake.rows(
        "select min(date_start)::date, max(date_start)::date from raw.meta__ad_insight where _load_id = ?",
        [again.load_id],
    )[0]
    assert (first, last) == (date(2017, 11, 30) - timedelta(days=28), date(2017, 12, 3))
    grown = """
        select count(*) from raw.meta__ad_insight as old join raw.meta__ad_insight as new using (ad_id, date_start)
        where old._load_id < new._load_id and old.actions is distinct from new.actions
    """
    assert lake.value(grown) > 0


def test_a_long_time_is_several_reports_without_a_gap(sandbox: Running) -> None:
    rows = read(source(sandbox), "ad_insight", datetime(2017, 2, 1, tzinfo=UTC))
    days = sorted({row["date_start"] for row in rows})
    assert (days[0], days[-1]) == ("2017-02-01", "2017-11-30")
    assert len(days) == (date(2017, 11, 30) - date(2017, 2, 1)).days + 1
    assert len({(row["ad_id"], row["date_start"]) for row in rows}) == len(rows)


@pytest.mark.parametrize("ends_as", ["Job Failed", "Job Skipped"])
def test_a_report_that_fails_twice_stops_the_load(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch, ends_as: str
) -> None:
    monkeypatch.setattr(insights, "ENDS_AS", ends_as)
    httpx.post(f"{sandbox.url}/_control/stats/reset").raise_for_status()
    with pytest.raises(SourceError, match=f"meta.ad_insight: report .* ended as {ends_as}.*Nothing was landed"):
        read(source(sandbox), "ad_insight", datetime(2017, 11, 1, tzinfo=UTC))
    calls = httpx.get(f"{sandbox.url}/_control/stats").json()["meta"]
    assert calls == 2 * (1 + insights.LOOKS)


def test_a_report_that_is_never_made_is_given_up(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insights, "LOOKS", 10_000)
    with pytest.raises(SourceError, match=r"is not made after 60 minutes \(Job Running, 40 %\)"):
        read(source(sandbox), "ad_insight", datetime(2017, 11, 1, tzinfo=UTC))


def test_without_an_ad_account_the_page_is_read_alone(sandbox: Running) -> None:
    alone = source(sandbox, ad_account_id="")
    assert read(alone, "ad_insight") == []
    assert ("reach", "warning") in {(found.what, found.state) for found in alone.examine()}


def test_a_load_warns_of_a_token_that_ends_soon(lake: Lake, sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    assert land(source(sandbox), lake=lake, streams=["lead"]).events == ()
    monkeypatch.setattr(door, "EXPIRES_AT", int(time.time()) + 5 * 86400)
    result = land(source(sandbox), lake=lake, streams=["lead"])
    (event,) = result.events
    assert event.startswith("meta.lead: the token expires on ") and "Make a new long-lived token" in event
    assert lake.rows("select event from ops.load_event where load_id = ?", [result.load_id]) == [(event,)]
