"""The platforms landed from their stand-ins: the first load, a day later, changed, deleted, late, again."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from cohorte import sources
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.landing import parquet
from cohorte.settings import Settings
from cohorte.sources.base import Source, SourceError, Window
from cohorte.steps.land import LandResult, land
from sandbox.server import Running


def source(server: Running, name: str, **extra: Any) -> Source:
    connection = server.connections[f"{name}_default"]
    connection = connection | {"extra": connection.get("extra", {}) | extra}
    return sources.get(name, Credentials.from_mapping(f"{name}_default", connection))


@pytest.fixture
def lake(lake: Lake, sandbox: Running, settings: Settings) -> Iterator[Lake]:
    """The lake without a trace of earlier tests, living in the sandbox's time."""
    for (table,) in lake.rows("select table_name from duckdb_tables() where schema_name = 'raw'"):
        lake.execute(f'drop table raw."{table}"')
    for table in ("load", "load_event", "bookmark"):
        lake.execute(f"delete from ops.{table}")
    lake.settings = settings.model_copy(update={"clock": f"{sandbox.url}/_control/clock"})
    yield lake
    lake.settings = settings


@pytest.fixture
def control(sandbox: Running) -> Callable[..., Any]:
    return lambda path, body: httpx.post(f"{sandbox.url}/_control/{path}", json=body).raise_for_status().json()


def load(lake: Lake, sandbox: Running, name: str, **options: Any) -> LandResult:
    return land(source(sandbox, name), lake=lake, **options)


def test_everything_lands_once_with_its_types(lake: Lake, sandbox: Running) -> None:
    for name in sources.NAMES:
        result = load(lake, sandbox, name)
        assert (result.rejected, result.events) == (0, ())
        assert all(rows > 0 for rows in result.rows.values())
        for stream in sources.kind(name).streams:
            rows, table = result.rows[stream.name], f"raw.{name}__{stream.name}"
            key = ", ".join(map(parquet.snake_case(lake.settings), stream.key))
            assert lake.rows(f"select count(*), count(distinct ({key})) from {table}") == [(rows, rows)]
    assert (
        dict(lake.rows("select column_name, column_type from (describe raw.salesforce__contact)")).items()
        >= {
            "id": "VARCHAR",
            "birthdate": "DATE",
            "has_opted_out_of_email": "BOOLEAN",
            "system_modstamp": "TIMESTAMP WITH TIME ZONE",
            "loyalty_id_c": "VARCHAR",
            "_load_id": "VARCHAR",
            "_loaded_at": "TIMESTAMP WITH TIME ZONE",
        }.items()
    )
    assert lake.value("select sum(total_price) > 0 and min(quantity) >= 0 from raw.salesforce__order_item")


@pytest.mark.parametrize("name", sources.NAMES)
def test_a_second_load_brings_only_what_is_restated(lake: Lake, sandbox: Running, name: str) -> None:
    load(lake, sandbox, name)
    again = load(lake, sandbox, name)
    restated = {stream.name: stream for stream in sources.kind(name).streams if stream.restate}
    told_again = {"report"} if name == "google_analytics" else set()  # of the reports that restate
    assert {stream for stream, rows in again.rows.items() if rows} == restated.keys() | told_again
    for stream in restated.values():
        oldest = lake.value(
            f"select min({stream.cursor}::date) from (select strptime(replace({stream.cursor}, '-', ''), '%Y%m%d') "
            f"as {stream.cursor} from raw.{name}__{stream.name} where _load_id = ?)",
            [again.load_id],
        )
        assert stream.restate and oldest >= (sandbox_now(sandbox) - stream.restate).date()


def test_the_next_day_brings_the_next_day(lake: Lake, sandbox: Running, control: Callable[..., Any]) -> None:
    load(lake, sandbox, "salesforce")
    before = sandbox_now(sandbox)
    control("clock", {"advance_days": 2})
    result = load(lake, sandbox, "salesforce")
    assert result.rows["order_item"] > 0
    assert lake.value(
        "select min(system_modstamp) >= ? from raw.salesforce__order_item where _load_id = ?", [before, result.load_id]
    )
    whole = sum(batch.num_rows for batch in read(source(sandbox, "salesforce"), "order_item", sandbox))
    assert lake.value("select count(*) from raw.salesforce__order_item") == whole


def test_an_edit_and_a_deletion_arrive_as_new_versions(
    lake: Lake, sandbox: Running, control: Callable[..., Any]
) -> None:
    load(lake, sandbox, "salesforce", streams=["contact"])
    edited, deleted = [row[0] for row in lake.rows("select id from raw.salesforce__contact order by id limit 2")]
    control(f"contacts/{edited}/edit", {"MailingCity": "Elsewhere"})
    control(f"contacts/{deleted}/delete", {})
    result = load(lake, sandbox, "salesforce", streams=["contact"])
    news = lake.rows(
        "select id, mailing_city = 'Elsewhere', is_deleted from raw.salesforce__contact where _load_id = ? order by id",
        [result.load_id],
    )
    assert (edited, True, False) in news
    assert any(row[0] == deleted and row[2] for row in news)


def test_a_record_committed_behind_the_cursor_is_picked_up(
    lake: Lake, sandbox: Running, control: Callable[..., Any]
) -> None:
    now = sandbox_now(sandbox)
    lake.settings = lake.settings.model_copy(update={"clock": (now + timedelta(minutes=30)).isoformat()})
    load(lake, sandbox, "salesforce", streams=["contact"])
    contact = lake.value("select min(id) from raw.salesforce__contact")
    control(f"contacts/{contact}/edit", {"MailingCity": "Late"})  # stamped half an hour behind the cursor
    result = load(lake, sandbox, "salesforce", streams=["contact"])
    assert lake.rows("select id, mailing_city from raw.salesforce__contact where _load_id = ?", [result.load_id]) == [
        (contact, "Late")
    ]


def test_a_backfill_lands_its_window_and_moves_no_cursor(lake: Lake, sandbox: Running) -> None:
    load(lake, sandbox, "salesforce", streams=["order"])
    cursors = "select stream, max(cursor_until) from ops.load group by all"
    before = lake.rows(cursors)
    since, until = datetime(2017, 3, 1, tzinfo=UTC), datetime(2017, 4, 1, tzinfo=UTC)
    result = land(source(sandbox, "salesforce"), Window(since, until), lake=lake, streams=["order"])
    inside = "select count(distinct id) from raw.salesforce__order where system_modstamp >= ? and system_modstamp < ?"
    assert result.rows["order"] == lake.value(inside, [since, until]) > 0
    assert lake.rows(cursors) == before


def test_jwt_bearer_lands_the_same(lake: Lake, sandbox: Running) -> None:
    rows = load(lake, sandbox, "salesforce", streams=["campaign"]).rows["campaign"]
    by_jwt = source(sandbox, "salesforce", consumer_secret="")
    assert sum(batch.num_rows for batch in read(by_jwt, "campaign", sandbox)) == rows > 0


@pytest.mark.parametrize(
    ("name", "extra", "says"),
    [
        ("salesforce", {"consumer_secret": "wrong"}, "token refused .*salesforce_default"),
        ("salesforce", {"consumer_secret": "", "private_key": ""}, "neither .*consumer_secret.* nor .*private_key"),
        ("google_analytics", {"property_id": "1"}, "403.*google_analytics_default.*Viewer"),
        ("marketing_cloud", {"account_id": "1"}, "token refused .*account_id.*marketing_cloud_default"),
        ("meta", {"access_token": "EAABwrong", "app_secret": ""}, "access token.*meta_default"),
    ],
)
def test_wrong_credentials_say_which_connection(
    lake: Lake, sandbox: Running, name: str, extra: dict[str, str], says: str
) -> None:
    with pytest.raises(SourceError, match=f"{name}.*{says}"):
        land(source(sandbox, name, **extra), lake=lake)


def test_progress_tells_stream_and_rows(lake: Lake, sandbox: Running) -> None:
    told: list[tuple[str, int]] = []
    result = load(lake, sandbox, "meta", progress=lambda stream, rows: told.append((stream, rows)))
    assert dict(told) == result.rows


def read(origin: Source, stream: str, sandbox: Running) -> Iterator[Any]:
    chosen = next(s for s in origin.streams if s.name == stream)
    return origin.read(chosen, Window(None, sandbox_now(sandbox)))


def sandbox_now(sandbox: Running) -> datetime:
    return datetime.fromisoformat(httpx.get(f"{sandbox.url}/_control/clock").json()["now"])
