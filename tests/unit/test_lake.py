"""The lake: all or nothing, who wrote it, what changed, and readers that never wait."""

import pyarrow as pa
import pytest

from cohorte.lake import KEEPS_A_BOOK, Lake
from cohorte.query import select
from cohorte.settings import Settings


@pytest.fixture(scope="module")
def table(lake: Lake) -> str:
    lake.execute("create table ops.colour (name varchar, shade integer)")
    return "ops.colour"


def colours(*rows: tuple[str, int]) -> pa.Table:
    return pa.Table.from_pylist([{"shade": shade, "name": name} for name, shade in rows])


def test_append_goes_by_column_name(lake: Lake, table: str) -> None:
    with lake.transaction("add"):
        assert lake.append(table, colours(("red", 1), ("blue", 2))) == 2
    assert lake.rows(f"select name, shade from {table} order by name") == [("blue", 2), ("red", 1)]


def test_what_is_there_is_known_also_in_the_middle_of_a_transaction(lake: Lake, table: str) -> None:
    lake.execute(f"create view ops.shades as select shade from {table}")
    with lake.transaction("look"):
        lake.append(table, colours(("grey", 5)))
        there = [name for name in (table, "ops.shades", "ops.nothing", "nowhere.colour") if lake.exists(name)]
        lake.execute(f"delete from {table} where name = 'grey'")
    assert there == [table, "ops.shades"]


def test_a_failed_transaction_leaves_nothing(lake: Lake, table: str) -> None:
    before = lake.rows(f"from {table} order by all")
    with pytest.raises(ZeroDivisionError), lake.transaction("break"):
        lake.append(table, colours(("green", 3)))
        raise ZeroDivisionError
    assert lake.rows(f"from {table} order by all") == before


def test_changes_are_what_changed_since_a_snapshot(lake: Lake, table: str) -> None:
    since = lake.snapshot()
    assert lake.changes(table, since).num_rows == 0
    with lake.transaction("add"):
        lake.append(table, colours(("black", 9)))
    with lake.transaction("drop"):
        lake.execute(f"delete from {table} where name = 'black'")
    kinds = sorted(row["change_type"] for row in lake.changes(table, since).to_pylist())
    assert kinds == ["delete", "insert"]


def test_a_commit_says_who_and_why(lake: Lake, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CTX_DAG_ID", "build_features")
    with lake.transaction("paint", colour="white"):
        lake.append(table, colours(("white", 0)))
    message, extra = lake.rows(
        "select commit_message, commit_extra_info from ducklake_snapshots('lake') order by snapshot_id desc limit 1"
    )[0]
    assert message == "paint"
    assert '"colour": "white"' in extra
    assert '"dag_id": "build_features"' in extra


def test_readers_see_the_last_commit_while_a_writer_is_at_work(lake: Lake, table: str) -> None:
    count = f"select count(*) as n from {table}"
    before = lake.value(count)
    with lake.transaction("slow"):
        lake.append(table, colours(("grey", 5)))
        assert select(count, settings=lake.settings).to_pylist() == [{"n": before}]
    assert select(count, settings=lake.settings).to_pylist() == [{"n": before + 1}]


@pytest.mark.parametrize(
    "query",
    [
        "delete from ops.run",
        "create table ops.x (i int)",
        "select 1; drop table ops.run",
        "copy ops.run to '/tmp/x.csv'",
        "attach ':memory:' as other",
    ],
)
def test_questions_never_write(lake: Lake, query: str) -> None:
    with pytest.raises(ValueError, match="only one SELECT"):
        select(query, settings=lake.settings)
    assert lake.exists("ops.run")


def test_a_wrong_question_gets_the_engine_s_words(lake: Lake) -> None:
    with pytest.raises(ValueError, match="no_such_table"):
        select("select * from no_such_table", settings=lake.settings)


def test_prepare_can_be_repeated(lake: Lake) -> None:
    lake.prepare()
    assert lake.exists("activation.acknowledged")


def test_only_tables_that_grow_row_by_row_have_rows_in_the_catalogue(lake: Lake) -> None:
    """Of each table that may have, every read asks. Whatever `prepare` made, and what is made later."""
    lake.execute("create or replace table marts.colour as select 'red' as name")
    lake.execute("create or replace table ops.hue as select 1 as degree")
    found = lake.rows(
        """select distinct schemas.schema_name
        from __ducklake_metadata_lake.ducklake_inlined_data_tables
        inner join __ducklake_metadata_lake.ducklake_table as tables using (table_id)
        inner join __ducklake_metadata_lake.ducklake_schema as schemas using (schema_id)"""
    )
    assert {schema for (schema,) in found} == set(KEEPS_A_BOOK)


def test_a_lost_race_is_run_again(lake: Lake, settings: Settings) -> None:
    """Two syncs settle at once: both write the same table, the second to commit starts over."""
    lake.execute("create or replace table ops.race (sync varchar, calls integer)")
    lake.execute("insert into ops.race values ('a', 0), ('b', 0)")
    attempts = 0
    with Lake.open(settings) as other:

        def work() -> None:
            nonlocal attempts
            attempts += 1
            lake.execute("delete from ops.race where sync = 'a'")
            lake.execute("insert into ops.race values ('a', 1)")
            if attempts == 1:
                other.write("faster", lambda: other.execute("update ops.race set calls = 1 where sync = 'b'"))

        lake.write("slower", work)
    assert attempts == 2
    assert lake.rows("select * from ops.race order by all") == [("a", 1), ("b", 1)]


def test_an_error_in_a_transaction_is_the_one_that_is_raised(lake: Lake) -> None:
    with pytest.raises(ValueError, match="no such thing"), lake.transaction("fails"):
        raise ValueError("no such thing")
