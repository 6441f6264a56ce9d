"""Analysts read what has passed its gates, whole; whoever wants the half-built asks for it."""

import pytest

from cohorte.lake import CATALOG, Lake
from cohorte.query import select
from cohorte.steps.maintain import maintain
from cohorte.steps.publish import publish

CUSTOMERS = "select count(*) as n from marts.dim_published"


@pytest.fixture(scope="module", autouse=True)
def published(lake: Lake) -> None:
    """One customer, published."""
    lake.execute("create table marts.dim_published (customer_id varchar)")
    builds(lake, "marts", "insert into marts.dim_published values ('c_1')")
    passes_its_gates(lake)
    assert publish(lake=lake)


def builds(lake: Lake, layer: str, statement: str) -> None:
    """As a dbt model of the layer would."""
    lake.execute("begin")
    lake.execute(statement)
    lake.execute(
        f"call ducklake_set_commit_message('{CATALOG}', 'dbt', 'model.cohorte.it', "
        f"""extra_info => '{{"layer": "{layer}"}}')"""
    )
    lake.execute("commit")


def passes_its_gates(lake: Lake) -> None:
    lake.write(
        "gate features", lambda: lake.execute("insert into ops.run values ('', 'gate', 'features', 0, 1, null, now())")
    )


def answered(lake: Lake, *, live: bool = False) -> int:
    return select(CUSTOMERS, live=live, settings=lake.settings).to_pylist()[0]["n"]


def test_a_build_is_seen_once_it_is_published(lake: Lake) -> None:
    before = answered(lake)
    builds(lake, "marts", "insert into marts.dim_published values ('c_2')")
    assert (answered(lake), answered(lake, live=True)) == (before, before + 1)
    passes_its_gates(lake)
    builds(lake, "segments", "insert into marts.dim_published values ('c_3')")
    assert publish(lake=lake)
    assert answered(lake) == before + 2


def test_nothing_is_published_while_the_next_build_has_begun(lake: Lake) -> None:
    before = answered(lake)
    passes_its_gates(lake)
    builds(lake, "staging", "insert into marts.dim_published values ('c_4')")
    assert publish(lake=lake) is None
    assert answered(lake) == before
    passes_its_gates(lake)
    assert publish(lake=lake)
    assert answered(lake) == before + 1


def test_journals_are_asked_about_now(lake: Lake) -> None:
    count = "select count(*) as n from ops.run"
    before = select(count, settings=lake.settings).to_pylist()[0]["n"]
    passes_its_gates(lake)
    assert select(count, settings=lake.settings).to_pylist()[0]["n"] == before + 1


def test_maintenance_keeps_what_is_published(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    before = answered(lake)
    builds(lake, "marts", "insert into marts.dim_published values ('c_5')")
    monkeypatch.setattr("cohorte.steps.maintain.KEEP_SNAPSHOTS", "0 seconds")
    maintain(lake=lake)
    assert answered(lake) == before


def test_after_an_erasure_the_present_is_all_there_is(lake: Lake) -> None:
    lake.execute(f"call ducklake_expire_snapshots('{CATALOG}', older_than => now())")
    assert answered(lake) == answered(lake, live=True)


def test_a_table_that_is_not_published_yet_is_unknown(lake: Lake) -> None:
    passes_its_gates(lake)
    assert publish(lake=lake)
    builds(lake, "marts", "create table marts.dim_brand_new (customer_id varchar)")
    with pytest.raises(ValueError, match="dim_brand_new"):
        select("from marts.dim_brand_new", settings=lake.settings)
    assert select("from marts.dim_brand_new", live=True, settings=lake.settings).num_rows == 0
