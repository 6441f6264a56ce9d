"""Gates know the past: volumes, distributions and rates, and what it takes to be part of it."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from fixtures import GOOD, SPOILT

from cohorte.gates import profile
from cohorte.lake import Lake
from cohorte.privacy.columns import identifying
from cohorte.steps.gate import GateFailedError, expectations, gate, suites
from expectations.past import OTHER, STABILITY, chance, shift

LAYERS = ("staging", "marts", "features", "segments")
ORDERS = "marts.fct_order_line"
BY_SHARE = ("expect_column_like_last_accepted", "expect_share_to_be_at_least", "expect_column_max_to_be_between")
Plant = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def _no_past(lake: Lake) -> Iterator[None]:
    lake.execute("delete from ops.gate_accepted")
    yield
    lake.execute("delete from ops.gate_accepted")


def remember(lake: Lake, table: str, *counts: int, windows: tuple[str, ...] = ("",)) -> None:
    """Accepted runs of the last days with so many rows, the newest yesterday's."""
    for ago, rows in enumerate(reversed(counts), start=1):
        seen = json.dumps({"rows": dict.fromkeys(windows, rows), "columns": {}})
        lake.execute(
            "insert into ops.gate_accepted values (?, date '2017-11-30' - ?::int, 'r', ?, ?, now())",
            [table, ago, rows, seen],
        )


def said(result: object, table: str, word: str) -> list[str]:
    return [f.observed for f in result.findings if f.gate == table and word in f.expectation]  # type: ignore[attr-defined]


@pytest.mark.parametrize("layer", LAYERS)
def test_every_table_is_held_to_its_usual_size(layer: str, good: None, lake: Lake) -> None:
    tables = {suite.TABLE for suite in suites(layer)}
    for table in tables:
        remember(lake, table, 100_000, 100_000, 100_000)
    with pytest.raises(GateFailedError) as refused:
        gate(layer, lake=lake)
    by_size = {f.gate for f in refused.value.result.blocking if f.expectation == "expect_row_count_like_recent_runs"}
    assert by_size == tables
    assert {f.expectation for f in refused.value.result.blocking} == {"expect_row_count_like_recent_runs"}


@pytest.mark.parametrize(
    ("counts", "is_right"),
    [
        ((), True),
        ((5_000, 5_000), True),
        ((160, 200, 250), True),
        ((190, 190, 190), True),
        ((300, 300, 300), False),
        ((150, 150, 150), False),
        ((5, 5, 5), True),
    ],
)
def test_too_little_history_passes_and_more_does_not(
    counts: tuple[int, ...], is_right: bool, good: None, lake: Lake
) -> None:
    remember(lake, ORDERS, *counts)
    if is_right:
        (found,) = said(gate("marts", lake=lake, tables=[ORDERS]), ORDERS, "row_count_like")[:1]
        assert "200 rows; " in found
        assert ("needed to compare" in found) == (len(counts) < 3)
    else:
        with pytest.raises(GateFailedError, match=r"200 rows; .* by 3 days of accepted runs"):
            gate("marts", lake=lake, tables=[ORDERS])


def test_a_silent_week_in_a_table_full_of_history_is_seen(good: None, lake: Lake) -> None:
    windows = ("ordered_at, last 7 days",)
    remember(lake, ORDERS, 800, 800, 800, windows=windows)
    with pytest.raises(GateFailedError, match="200 rows; 600 to 1,000"):
        gate("marts", lake=lake, tables=[ORDERS])


@pytest.mark.parametrize("layer", sorted({layer for layer, *_ in SPOILT}))
def test_spoilt_rows_are_refused_by_name(layer: str, plant: Plant, lake: Lake) -> None:
    """All rows differ from what the accepted run saw, in every table of a layer."""
    tables = sorted({table for of, table, *_ in SPOILT if of == layer})
    gate(layer, lake=lake, tables=tables)
    for table in tables:
        replaced = ", ".join(sorted({f"{value} as {column}" for _, at, column, value, _ in SPOILT if at == table}))
        plant(table, f"select * replace ({replaced}) from ({GOOD[table]})")
    with pytest.raises(GateFailedError) as refused:
        gate(layer, lake=lake, tables=tables)
    for of, table, column, _, word in SPOILT:
        blocking = [f for f in refused.value.result.blocking if f.gate == table and word in f.expectation]
        assert of != layer or any(f.column in (column, None) for f in blocking), (table, column, str(refused.value))
    for table in tables:
        plant(table, GOOD[table])
    assert not gate(layer, lake=lake, tables=tables).blocking, "a refused run is not what later ones are compared with"


def test_everything_that_looks_at_a_whole_column_is_tried() -> None:
    tried = {(table, column, word) for _, table, column, _, word in SPOILT}
    untried, found = [], 0
    for layer in LAYERS:
        for suite in suites(layer):
            for expectation in expectations(suite):
                name = expectation.description or expectation.expectation_type
                if expectation.expectation_type not in BY_SHARE:
                    continue
                found += 1
                column = getattr(expectation, "column", None)
                if not any(at == suite.TABLE and word in name and column in (on, None) for at, on, word in tried):
                    untried.append((suite.TABLE, column, name))
    assert found > 30
    # One that the rows of BAD refuse already, since a single order of the future is enough; and the test below.
    assert untried == [
        (ORDERS, "ordered_at", "the newest order is of the last three days, and not of the future"),
        (ORDERS, None, "lines in the CRM that have an order and a customer"),
    ]


def test_lines_lost_on_the_way_are_seen(plant: Plant, lake: Lake) -> None:
    plant(ORDERS, f"from ({GOOD[ORDERS]}) limit 150")
    with pytest.raises(GateFailedError, match=r"lines in the CRM .* 75\.00%, at least 99\.00%"):
        gate("marts", lake=lake, tables=[ORDERS])


@pytest.mark.parametrize(("rows", "others"), [(100, 100), (100, 5_000), (400, 400), (3_000, 3_000)])
def test_few_rows_do_not_cry_wolf(rows: int, others: int) -> None:
    """Pairs of samples of one population: the plain limit of 0.2 would alarm at 100 rows, ours hardly ever does."""
    draw = random.Random(4)
    bins = [f"b{number}" for number in range(20)]
    pairs = [(Counter(draw.choices(bins, k=rows)), Counter(draw.choices(bins, k=others))) for _ in range(500)]
    indices = [shift(before, now)[0] for before, now in pairs]
    assert sum(index >= STABILITY + chance(len(bins), rows, others) for index in indices) == 0
    assert (sum(index >= STABILITY for index in indices) > 50) == (rows == 100)


def test_a_real_shift_is_seen_in_few_rows_too() -> None:
    before = {"a": 50, "b": 50}
    assert shift(before, {"a": 95, "b": 5})[0] > STABILITY + chance(2, 100, 100)
    assert shift(before, {"a": 50, "b": 20, "new": 30})[1] == OTHER


def test_a_run_that_blocks_leaves_nothing_to_compare_with(plant: Plant, lake: Lake) -> None:
    plant(ORDERS, f"select * replace (-1 as quantity) from ({GOOD[ORDERS]})")
    with pytest.raises(GateFailedError):
        gate("marts", lake=lake)
    assert lake.value("select count(*) from ops.gate_accepted") == 0


def test_a_day_is_remembered_once_by_its_last_run(good: None, lake: Lake) -> None:
    first, second = gate("marts", lake=lake), gate("marts", lake=lake)
    kept = lake.rows("select gate, gate_run_id from ops.gate_accepted")
    assert sorted(kept) == sorted((suite.TABLE, second.gate_run_id) for suite in suites("marts"))
    assert first.gate_run_id != second.gate_run_id


def test_what_somebody_has_looked_at_begins_a_new_past(good: None, lake: Lake) -> None:
    remember(lake, ORDERS, 9_000, 9_000, 9_000)
    remember(lake, "marts.dim_product", 200, 200, 200)
    with pytest.raises(GateFailedError):
        gate("marts", lake=lake)
    gate("marts", lake=lake, accept=[ORDERS])
    assert lake.value("select count(*) from ops.gate_accepted where gate = ?", [ORDERS]) == 1
    assert lake.value("select count(*) from ops.gate_accepted where gate = 'marts.dim_product'") == 4
    assert not gate("marts", lake=lake).blocking
    with pytest.raises(ValueError, match=r"no gate for marts\.nothing"):
        gate("marts", lake=lake, accept=["marts.nothing"])


def test_edges_are_kept_until_the_rows_have_doubled(good: None, lake: Lake) -> None:
    watched, now = [profile.Watch("x")], lake.rows("select now()::timestamp")[0][0]
    lake.execute("create or replace table staging.numbers as select i::double as x from range(1000) as t(i)")

    def kept(before: profile.Profile | None) -> dict:
        seen = profile.take("staging.numbers", watched, lake=lake, now=now, before=before)
        return profile.to_keep(seen, before, "staging.numbers", watched, lake=lake, now=now)

    first = kept(None)
    column = first["columns"]["x"]
    assert len(column["edges"]) == 9
    assert sum(column["counts"].values()) == column["rows"] == 1000
    assert all(80 <= count <= 120 for bin_, count in column["counts"].items() if bin_ != "(null)")
    lake.execute("insert into staging.numbers select 5000 + i from range(500) as t(i)")
    second = kept(first)
    assert second["columns"]["x"]["edges"] == column["edges"]
    assert second["columns"]["x"]["counts"]["above"] > 500
    lake.execute("insert into staging.numbers select 9000 + i from range(500) as t(i)")
    third = kept(second)
    assert third["columns"]["x"]["edges"] != column["edges"]
    assert third["columns"]["x"]["cut_at"] == 2000
    lake.execute("drop table staging.numbers")


def test_no_watched_column_says_who_somebody_is() -> None:
    watched = {
        (suite.TABLE, expectation.column)
        for layer in LAYERS
        for suite in suites(layer)
        for expectation in suite.expectations()
        if expectation.expectation_type == "expect_column_like_last_accepted"
    }
    assert len(watched) > 20
    assert {(table, column) for table, column in watched if identifying(table, [column])} == set()
