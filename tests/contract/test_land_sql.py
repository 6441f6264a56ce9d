"""Tables of a database: what is new since the cursor, late rows, rows without one; or the whole table every time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from cohorte import postgres
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.landing.register import ShortExtractError
from cohorte.sources.base import SourceError, Window
from cohorte.sources.declared.sql import SqlDatabase, TableLand
from cohorte.steps.land import LandResult, land

CHANGED = {"table": "orders", "cursor": "changed_at", "key": ["id"]}


@pytest.fixture(scope="module")
def address(lake: Lake) -> str:
    return postgres.sqlalchemy_url(lake.settings, "airflow")


@pytest.fixture
def shop(lake: Lake, address: str) -> Iterator[sa.Connection]:
    """A company's database: orders with a time of change, written by others."""
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("drop table if exists orders"))
        connection.execute(
            sa.text(
                "create table orders (id bigint, amount numeric(10, 2), note text, at date, changed_at timestamp, "
                "tags jsonb, is_paid boolean)"
            )
        )
        yield connection
        connection.execute(sa.text("drop table orders"))
    engine.dispose()
    lake.execute("drop table if exists raw.erp__order")
    for table in ("load", "quarantine", "bookmark"):
        lake.execute(f"delete from ops.{table} where source = 'erp'")


def put(shop: sa.Connection, *rows: tuple[int, str | None]) -> None:
    for number, changed_at in rows:
        values = {"id": number, "changed_at": changed_at}
        shop.execute(sa.text("insert into orders (id, amount, changed_at) values (:id, :id, :changed_at)"), values)


def erp(address: str, **entry: Any) -> SqlDatabase:
    stream = SqlDatabase.stream("order", TableLand(**entry))
    return SqlDatabase("erp", (stream,), Credentials(name="erp_default", extra={"url": address}), {})


def bring(lake: Lake, address: str, window: Window | None = None, **entry: Any) -> LandResult:
    return land(erp(address, **(entry or CHANGED)), window, lake=lake)


def landed(lake: Lake) -> list[int]:
    return [number for (number,) in lake.rows("select id from raw.erp__order order by id")]


def test_columns_keep_their_types(lake: Lake, shop: sa.Connection, address: str) -> None:
    shop.execute(
        sa.text(
            "insert into orders values (1, 19.99, 'für Zoë', '2017-03-01', '2017-03-01 10:00', '{\"a\": [1]}', true)"
        )
    )
    assert bring(lake, address).rows == {"order": 1}
    assert lake.rows('select id, amount, note, "at", changed_at, is_paid from raw.erp__order') == [
        (1, Decimal("19.99"), "für Zoë", date(2017, 3, 1), datetime(2017, 3, 1, 10, tzinfo=UTC), True)
    ]
    assert lake.value("select tags->>'$.a[0]' from raw.erp__order") == "1"


def test_only_what_is_new_is_read_and_nothing_lands_twice(lake: Lake, shop: sa.Connection, address: str) -> None:
    put(shop, (1, "2017-03-01"), (2, "2017-03-02"))
    assert bring(lake, address).rows == {"order": 2}
    assert bring(lake, address).rows == {"order": 0}
    put(shop, (3, "2017-03-02"), (4, "2017-03-03"))  # 3 has the time of the newest one landed
    assert bring(lake, address).rows == {"order": 2}
    assert landed(lake) == [1, 2, 3, 4]
    assert lake.value("select version from ops.bookmark where source = 'erp'") == "2017-03-03T00:00:00"


def test_rows_committed_late_are_picked_up_within_the_lag(lake: Lake, shop: sa.Connection, address: str) -> None:
    put(shop, (1, "2017-03-02 12:00"))
    bring(lake, address, **CHANGED, lag_hours=2)
    put(shop, (2, "2017-03-02 11:00"))
    assert bring(lake, address, **CHANGED, lag_hours=2).rows == {"order": 1}
    assert landed(lake) == [1, 2]


def test_rows_without_a_cursor_land_once(lake: Lake, shop: sa.Connection, address: str) -> None:
    put(shop, (1, "2017-03-01"), (2, None))
    assert bring(lake, address).rows == {"order": 2}
    put(shop, (3, None))
    assert bring(lake, address).rows == {"order": 1}
    assert landed(lake) == [1, 2, 3]


def test_a_number_is_a_cursor_too(lake: Lake, shop: sa.Connection, address: str) -> None:
    by_number = {"table": "orders", "cursor": "id"}
    put(shop, (9, None), (10, None))
    assert bring(lake, address, **by_number).rows == {"order": 2}
    put(shop, (11, None))
    assert bring(lake, address, **by_number).rows == {"order": 1}
    with pytest.raises(SourceError, match=r"erp.order: its cursor id is no time"):
        bring(lake, address, Window(datetime(2017, 3, 1), datetime(2017, 3, 2)), **by_number)


def test_a_window_lands_again_and_moves_no_cursor(lake: Lake, shop: sa.Connection, address: str) -> None:
    put(shop, (1, "2017-03-01"), (2, "2017-03-02"), (3, "2017-03-03"))
    bring(lake, address)
    window = Window(datetime(2017, 3, 2, tzinfo=UTC), datetime(2017, 3, 3, tzinfo=UTC))
    assert bring(lake, address, window).rows == {"order": 1}
    assert landed(lake) == [1, 2, 2, 3]
    assert bring(lake, address).rows == {"order": 0}


def test_a_table_without_a_cursor_is_read_whole_and_may_not_shrink(
    lake: Lake, shop: sa.Connection, address: str
) -> None:
    whole = {"table": "orders", "mode": "full"}
    put(shop, *((number, None) for number in range(5)))
    assert bring(lake, address, **whole).rows == {"order": 5}
    assert bring(lake, address, **whole).rows == {"order": 5}
    shop.execute(sa.text("delete from orders where id > 1"))
    with pytest.raises(ShortExtractError, match=r"raw.erp__order: 2 rows, last time 5"):
        bring(lake, address, **whole)


def test_a_new_column_appears_and_a_changed_type_loses_nothing(lake: Lake, shop: sa.Connection, address: str) -> None:
    put(shop, (1, "2017-03-01"))
    bring(lake, address)
    shop.execute(sa.text("alter table orders add column channel text, alter column is_paid type text"))
    shop.execute(
        sa.text("insert into orders (id, changed_at, channel, is_paid) values (2, '2017-03-02', 'web', 'later')")
    )
    result = bring(lake, address)
    assert any("new column channel" in event for event in result.events)
    assert lake.rows("select channel, is_paid, is_paid_as_text from raw.erp__order where id = 2") == [
        ("web", None, "later")
    ]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"table": "nowhere", "mode": "full"}, r"erp.order: .*nowhere"),
        ({"table": "orders", "cursor": "nothing"}, r"erp.order: orders has no column 'nothing' to follow"),
    ],
)
def test_a_wrong_entry_says_what_is_wrong(
    lake: Lake, shop: sa.Connection, address: str, entry: dict[str, Any], says: str
) -> None:
    with pytest.raises(SourceError, match=says):
        bring(lake, address, **entry)


def test_a_database_out_of_reach_says_which_connection(lake: Lake) -> None:
    with pytest.raises(SourceError, match=r"erp.order: .*erp_default") as error:
        bring(lake, "postgresql+psycopg2://me:secret@127.0.0.1:1/db")
    assert "secret" not in str(error.value)


def test_an_examination_finds_missing_tables(shop: sa.Connection, address: str) -> None:
    assert [(f.what, f.state) for f in erp(address, **CHANGED).examine()] == [("token", "ok")]
    found = list(erp(address, table="nowhere", mode="full").examine())
    assert [(f.what, f.state) for f in found] == [("scopes", "failure"), ("token", "ok")]
