"""`--scale`: the same households again, as other people who shop much alike."""

import duckdb
import pytest

from sandbox.world.build import Cut, prepare

HOUSEHOLDS, SCALE = 12, 4


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """`one` and `many`: the same cut, once and four times."""
    both = duckdb.connect()
    for name, scale in (("one", 1), ("many", SCALE)):
        path = prepare(tmp_path_factory.mktemp(name), Cut(HOUSEHOLDS, scale))
        both.execute(f"attach '{path}' as {name} (read_only)")
    return both


def value(worlds: duckdb.DuckDBPyConnection, query: str) -> object:
    found = worlds.execute(query).fetchone()
    assert found is not None
    return found[0]


def test_the_real_households_stay_as_they_are(worlds: duckdb.DuckDBPyConnection) -> None:
    for table in ("contact", '"order"', "order_item", "return_order", "return_order_line_item"):
        columns = "Id, SystemModstamp"
        missing = f"from (select {columns} from one.{table} except select {columns} from many.{table}) select count(*)"
        assert value(worlds, missing) == 0


@pytest.mark.parametrize("table", ['"order"', "order_item", "campaign_member"])
def test_everything_is_there_so_many_times_with_ids_of_its_own(worlds: duckdb.DuckDBPyConnection, table: str) -> None:
    once = value(worlds, f"select count(distinct Id) from one.{table}")
    assert value(worlds, f"select count(distinct Id) from many.{table}") == SCALE * int(str(once))


def test_copies_bring_back_lines_of_their_own_about_as_often(worlds: duckdb.DuckDBPyConnection) -> None:
    returned = "from many.return_order_line_item"
    assert value(worlds, f"select count(*) = count(distinct Id) {returned}")
    bought = f"select count(*) {returned} where OrderItemId in (select Id from many.order_item)"
    assert value(worlds, bought) == value(worlds, f"select count(*) {returned}")
    share = "select (select count(*) from {0}.return_order_line_item) / count(*) from {0}.order_item".format
    assert 0 < float(str(value(worlds, share("many")))) < 0.02
    assert 0 < float(str(value(worlds, share("one")))) < 0.02


def test_copies_are_other_people_who_can_be_told_apart(worlds: duckdb.DuckDBPyConnection) -> None:
    originals = "from many.contact where Loyalty_Id__c is not null"
    assert value(worlds, f"select count(distinct Loyalty_Id__c) {originals}") == HOUSEHOLDS * SCALE
    for column in ("Email", "MobilePhone"):
        first = f"(select Id, arg_min({column}, SystemModstamp) as it {originals} group by Id)"
        assert value(worlds, f"select count(it) = count(distinct it) from {first}")


def test_copies_shop_alike_but_not_the_same(worlds: duckdb.DuckDBPyConnection) -> None:
    spent = "select sum(TotalPrice) from {}.order_item".format
    ratio = float(str(value(worlds, f"select ({spent('many')}) / ({spent('one')})")))
    assert ratio != SCALE
    assert ratio == pytest.approx(SCALE, rel=0.03)


def test_more_copies_than_a_million_customers_are_refused() -> None:
    with pytest.raises(ValueError, match="scale must be 1 to 500, not 501"):
        Cut(scale=501)
