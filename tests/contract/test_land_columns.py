"""Landing what a platform never promised: columns that come and go, bad rows, a shrunken extract."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.landing.columns import ContractError
from cohorte.landing.register import ShortExtractError
from cohorte.sources.base import QuotaSpentError, Source, Stream, Window
from cohorte.steps.land import LandResult, land

T0 = datetime(2017, 5, 1, tzinfo=UTC)


class Shop(Source):
    """A platform that answers with whatever a test puts on its shelf."""

    name = "shop"
    streams = (
        Stream(name="sale", resource="Sale", key=("Id",), cursor="At", lag=timedelta(days=1000)),
        Stream(name="price", resource="Price", key=("Id",), cursor="At", mode="full"),
        Stream(name="ledger", resource="Ledger", key=("Id",), cursor="At", contract="freeze"),
        Stream(name="till", resource="Till", key=("Id",), cursor="At", contract="quarantine"),
        Stream(name="beat", resource="Beat", key=("Id",), cursor="At", is_never_empty=True),
        Stream(name="visit", resource="Visit", key=("Id",), cursor="At", restate=timedelta(days=3)),
    )

    def __init__(self) -> None:
        super().__init__(Credentials(name="shop_default"))
        self.shelf: list[pa.RecordBatch | Exception] = []
        self.windows: list[Window] = []

    def read(self, stream: Stream, window: Window) -> Iterator[pa.RecordBatch]:
        self.windows.append(window)
        for item in self.shelf:
            if isinstance(item, Exception):
                raise item
            yield item


@pytest.fixture
def shop(lake: Lake) -> Iterator[Shop]:
    yield Shop()
    for stream in Shop.streams:
        lake.execute(f"drop table if exists raw.shop__{stream.name}")
    for table in ("load", "quarantine"):
        lake.execute(f"delete from ops.{table} where source = 'shop'")


def sales(*ids: str, **columns: pa.Array) -> pa.RecordBatch:
    times = pa.array([T0] * len(ids), pa.timestamp("us", "UTC"))
    return pa.RecordBatch.from_pydict({"Id": pa.array(ids, pa.string()), "At": times} | columns)


def bring(shop: Shop, lake: Lake, *shelf: pa.RecordBatch | Exception, stream: str = "sale") -> LandResult:
    shop.shelf = list(shelf)
    return land(shop, lake=lake, streams=[stream])


def test_each_row_says_which_load_brought_it_and_ops_load_knows_the_load(shop: Shop, lake: Lake) -> None:
    result = bring(shop, lake, sales("a", "b"))
    assert result.rows == {"sale": 2}
    assert lake.rows("select id, _load_id from raw.shop__sale order by id") == [
        ("a", result.load_id),
        ("b", result.load_id),
    ]
    assert lake.rows("select stream, rows, files, load_id from ops.load where source = 'shop'") == [
        ("sale", 2, 1, result.load_id)
    ]


def test_what_is_landed_is_not_landed_again(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a", "b"))
    assert bring(shop, lake, sales("a", "b", "c")).rows == {"sale": 1}
    assert lake.rows("select id, count(*) from raw.shop__sale group by id order by id") == [
        ("a", 1),
        ("b", 1),
        ("c", 1),
    ]
    nothing = bring(shop, lake, sales("a", "b", "c"))
    assert (nothing.rows, nothing.files) == ({"sale": 0}, 0)


def test_nothing_at_all_still_makes_the_table(shop: Shop, lake: Lake) -> None:
    assert bring(shop, lake, sales()).rows == {"sale": 0}
    assert [name for name, *_ in lake.rows("describe raw.shop__sale")] == ["id", "at", "_load_id", "_loaded_at"]


def test_a_new_column_appears_by_itself(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a"))
    result = bring(shop, lake, sales("b", Colour__c=pa.array(["red"])))
    assert lake.rows("select id, colour_c from raw.shop__sale order by id") == [("a", None), ("b", "red")]
    assert result.events == ("raw.shop__sale: new column colour_c",)


def test_a_column_may_appear_between_two_pages(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a"), sales("b", Colour__c=pa.array(["red"])))
    assert lake.rows("select id, colour_c from raw.shop__sale order by id") == [("a", None), ("b", "red")]


def test_a_vanished_column_is_null_and_told_once(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a", Colour__c=pa.array(["red"])))
    gone = "raw.shop__sale: column colour_c is gone; it is null from now on"
    told = bring(shop, lake, sales("b"))
    assert told.events == (gone,)
    assert bring(shop, lake, sales("c")).events == ()
    noted = "select source, stream, event from ops.load_event where load_id = ?"
    assert lake.rows(noted, [told.load_id]) == [("shop", "sale", gone)]
    assert lake.rows("select id, colour_c from raw.shop__sale order by id") == [("a", "red"), ("b", None), ("c", None)]
    assert lake.value("select count(*) from raw.shop__sale where colour_c is null") == 2
    assert lake.value("select count(colour_c) from raw.shop__sale") == 1


def test_a_changed_type_loses_no_value(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a", Amount=pa.array([1.5])))
    result = bring(shop, lake, sales("b", Amount=pa.array(["2.5"])), sales("c", Amount=pa.array(["three"])))
    assert lake.rows("select id, amount, amount_as_text from raw.shop__sale order by id") == [
        ("a", 1.5, None),
        ("b", 2.5, None),
        ("c", None, "three"),
    ]
    assert any("amount comes as string, the table has double" in event for event in result.events)


def test_two_names_that_become_one_stay_two(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a", Colour__c=pa.array(["red"]), Colour_C=pa.array(["blue"])))
    assert lake.rows("select colour_c, colour_c_2 from raw.shop__sale") == [("red", "blue")]


def test_a_bad_row_is_in_quarantine_with_the_reason(shop: Shop, lake: Lake) -> None:
    notes = pa.array(["fine", "bro\x00ken", "x" * (2 << 20), "no key"])
    batch = sales("a", "b", "c", "d", Note=notes)
    batch = batch.set_column(0, "Id", pa.array(["a", "b", "c", None], pa.string()))
    result = bring(shop, lake, batch)
    assert (result.rows, result.rejected) == ({"sale": 1}, 3)
    found = lake.rows(
        "select reason, record->>'Id', length(record->>'Note') from ops.quarantine where load_id = ? order by reason",
        [result.load_id],
    )
    assert found == [
        ("Id: no key", None, 6),
        ("Note: NUL character", "b", 7),
        ("Note: longer than 1 MiB", "c", 2 << 20),
    ]


def test_a_full_load_that_shrank_by_half_is_refused(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a", "b", "c", "d", "e"), stream="price")
    with pytest.raises(ShortExtractError, match=r"raw.shop__price: 2 rows, last time 5"):
        bring(shop, lake, sales("a", "b"), stream="price")
    assert lake.value("select count(*) from raw.shop__price") == 5
    shop.shelf = [sales("a", "b")]
    land(shop, Window(None, T0), lake=lake, streams=["price"])
    assert lake.value("select count(*) from raw.shop__price") == 7


def test_a_frozen_stream_takes_no_new_column_no_other_type_and_loses_none(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a", Amount=pa.array([1.5])), stream="ledger")
    for told, columns in {
        "new column colour": {"Amount": pa.array([1.0]), "Colour": pa.array(["red"])},
        "amount comes as string, the table has double": {"Amount": pa.array(["three"])},
        "column amount is gone": {},
    }.items():
        with pytest.raises(ContractError, match=f"raw.shop__ledger: {told}.*freeze"):
            bring(shop, lake, sales("b", **columns), stream="ledger")
    assert bring(shop, lake, sales("b", Amount=pa.array(["2.5"])), stream="ledger").rows == {"ledger": 1}
    assert lake.rows("select id, amount from raw.shop__ledger order by id") == [("a", 1.5), ("b", 2.5)]


def test_a_quarantining_stream_puts_rows_aside_that_break_its_contract(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a", Amount=pa.array([1.5])), stream="till")
    amounts, colours = pa.array(["2.5", "three", "4"]), pa.array([None, None, "red"])
    result = bring(shop, lake, sales("b", "c", "d", Amount=amounts, Colour=colours), stream="till")
    assert (result.rows, result.rejected, result.events) == ({"till": 1}, 2, ())
    assert lake.rows("from raw.shop__till select id, amount order by id") == [("a", 1.5), ("b", 2.5)]
    assert lake.rows(
        "select reason, record->>'id' from ops.quarantine where load_id = ? order by all", [result.load_id]
    ) == [
        ("contract: amount comes as string, the table has double", "c"),
        ("contract: new column colour", "d"),
    ]


def test_nothing_where_there_is_always_something_stops_the_load(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a"), stream="beat")
    cursor = "select max(cursor_until) from ops.load where source = 'shop'"
    before = lake.value(cursor)
    with pytest.raises(ShortExtractError, match=r"raw.shop__beat: no row since 20.* and there is always one"):
        bring(shop, lake, sales(), stream="beat")
    assert lake.value(cursor) == before
    shop.shelf = [sales()]
    assert land(shop, Window(None, T0), lake=lake, streams=["beat"]).rows == {"beat": 0}


def test_restated_days_land_again(shop: Shop, lake: Lake) -> None:
    first = bring(shop, lake, sales("a"), stream="visit")
    second = bring(shop, lake, sales("a"), stream="visit")
    assert first.rows == second.rows == {"visit": 1}
    cursor = lake.value("select max(cursor_until) from ops.load where source = 'shop'")
    assert shop.windows[1].since == cursor.replace(tzinfo=UTC) - timedelta(days=3)


def test_a_spent_quota_keeps_what_was_read_and_goes_on_from_there(shop: Shop, lake: Lake) -> None:
    spent = QuotaSpentError("shop.visit: tokens are spent", T0)
    result = bring(shop, lake, sales("a"), spent, stream="visit")
    assert (result.rows, result.paused) == ({"visit": 1}, ("shop.visit: tokens are spent",))
    bring(shop, lake, sales("b"), stream="visit")
    assert shop.windows[-1].since == T0 - timedelta(days=3)


def test_a_source_that_breaks_leaves_nothing(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a"))
    with pytest.raises(ConnectionError, match="cable"):
        bring(shop, lake, sales("b"), ConnectionError("cable cut"))
    assert lake.rows("select id from raw.shop__sale") == [("a",)]
    assert bring(shop, lake, sales("b")).rows == {"sale": 1}


def test_a_backfill_moves_no_cursor(shop: Shop, lake: Lake) -> None:
    bring(shop, lake, sales("a"))
    cursor = lake.value("select max(cursor_until) from ops.load where source = 'shop'")
    shop.shelf = [sales("a")]
    assert land(shop, Window(datetime(2017, 5, 1), datetime(2017, 5, 2)), lake=lake, streams=["sale"]).rows == {
        "sale": 1
    }
    assert shop.windows[-1] == Window(T0, T0 + timedelta(days=1))
    assert lake.value("select max(cursor_until) from ops.load where source = 'shop'") == cursor


def test_load_ids_grow_even_where_the_clock_is_behind(shop: Shop, lake: Lake) -> None:
    first = bring(shop, lake, sales("a"))
    lake.execute("update ops.load set load_id = '29991231T235959.999999' where source = 'shop'")
    second = bring(shop, lake, sales("b"))
    assert first.load_id < "29991231T235959.999999" < second.load_id == "30000101T000000.000000"


def test_an_unknown_stream_is_named(shop: Shop, lake: Lake) -> None:
    with pytest.raises(ValueError, match="shop has no stream refund; it has sale, price, ledger, till, beat, visit"):
        land(shop, lake=lake, streams=["refund"])
