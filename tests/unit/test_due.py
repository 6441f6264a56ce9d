"""Which models of a layer a build may leave out, and what the lake tells of that."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cohorte.lake import Lake
from cohorte.steps.due import Built, Commit, Due, Graph, Lakes, built, due, lakes, remember

TODAY = date(2017, 12, 1)
GOOD = Built(snapshot=10, invocation="last", definition="now", business_date=TODAY)


def node(name: str, *parents: str, kind: str = "incremental", macros: tuple[str, ...] = (), **more: Any) -> Any:
    return {
        "resource_type": "model",
        "fqn": ["cohorte", "marts", name],
        "schema": "marts",
        "alias": name,
        "database": more.pop("database", "lake"),
        "config": {"materialized": kind, "meta": more},
        "depends_on": {"nodes": list(parents), "macros": [f"macro.cohorte.{macro}" for macro in macros]},
    }


MODELS = [
    node("order", "raw.order"),
    node("line", "order"),
    node("product", "raw.product"),
    node("shown", "product", kind="view"),
    node("shelf", "shown", macros=("say_who_writes",)),
    node("part", "product", database="memory", kind="table", macros=("as_of",)),
    node("feature", "part"),
    node("consent", "raw.consent", macros=("effective",)),
    node("history", "raw.consent", macros=("effective",), clock="stamps changes"),
]
GRAPH = Graph(
    {
        "nodes": {model["alias"]: model for model in MODELS},
        "sources": {f"raw.{name}": {"schema": "raw", "identifier": name} for name in ("order", "product", "consent")},
        "macros": {
            "macro.cohorte.effective": {"depends_on": {"macros": ["macro.cohorte.now"]}},
            "macro.cohorte.say_who_writes": {"depends_on": {"macros": ["macro.cohorte.as_of"]}},
            "macro.cohorte.as_of": {"depends_on": {"macros": []}},
            "macro.cohorte.now": {"depends_on": {"macros": []}},
        },
    }
)
ALL = {model["alias"]: GOOD for model in MODELS if model["database"] == "lake"}
RELATIONS = frozenset(f"marts.{name}" for name in ALL)


def commit(snapshot: int, *tables: str, invocation: str = "", made: tuple[str, ...] = ()) -> Commit:
    return Commit(snapshot, invocation, touched=frozenset(tables + made), made=frozenset(made))


def found(*commits: Commit, last: dict[str, Built] = ALL, today: date = TODAY, without: str = "") -> Due:
    state = Lakes(max([10, *(c.snapshot for c in commits)]), RELATIONS - {without}, commits)
    return due(GRAPH, ["marts"], state, last, today)


def test_nothing_is_due_but_what_reads_the_clock() -> None:
    assert found().models == {"consent"}
    assert found().rest == ALL.keys() - {"consent"}


def test_a_change_goes_downstream_through_views_and_parts_that_are_not_kept() -> None:
    assert found(commit(11, "raw.order")).models == {"consent", "order", "line"}
    assert found(commit(11, "raw.product")).models == {"consent", "product", "shelf", "part", "feature"}
    assert "shown" in found(commit(11, "raw.product")).rest
    assert "history" in found(commit(11, "raw.consent")).models


def test_a_table_that_is_not_there_is_made() -> None:
    assert not found(commit(11, "raw.order")).makes_tables
    assert found(without="marts.line").makes_tables
    assert found(last={"order": GOOD}).makes_tables, "nobody knows whether the project made them"


def test_what_the_last_good_build_wrote_itself_is_no_change() -> None:
    assert found(commit(11, "marts.order", invocation="last")).models == {"consent"}
    assert found(commit(11, "marts.order", invocation="another")).models == {"consent", "order", "line"}
    assert found(commit(11, "marts.line")).models == {"consent", "line"}, "somebody deleted rows of it"


def test_a_new_day_is_for_models_that_are_as_of_one() -> None:
    assert found(today=date(2017, 12, 2)).models == {"consent", "part", "feature"}


def test_a_model_that_failed_or_is_unknown_or_gone_is_due() -> None:
    failed = ALL | {"order": replace(GOOD, is_good=False)}
    assert found(last=failed).models == {"consent", "order", "line"}
    assert found(last={name: last for name, last in ALL.items() if name != "shown"}).models >= {"shown"}
    assert found(without="marts.line").models == {"consent", "line"}


def test_who_does_not_know_all_commits_builds() -> None:
    assert found(commit(12, "raw.order")).models == ALL.keys() - {"shown"} | {"part"}


def test_rows_that_passed_need_no_test_while_the_table_is_the_one_it_was() -> None:
    assert found(commit(11, "marts.order")).good["marts.order"] == 10
    assert "marts.order" not in found(commit(11, made=("marts.order",))).good
    in_full = commit(11, invocation="last", made=("marts.order",))
    assert found(in_full, commit(12, "marts.order")).good["marts.order"] == 11, "a good build tested what it made"
    assert "marts.order" not in found(in_full, commit(12, made=("marts.order",))).good
    assert found(commit(12, "raw.order")).good == {}
    assert "marts.shown" not in found().good
    failed = found(commit(11, "marts.order"), last=ALL | {"order": replace(GOOD, is_good=False)})
    assert failed.good["marts.order"] == 10, "what it wrote since it was last good is to be tested again"


def test_a_table_has_seen_what_its_last_good_build_made_before_it() -> None:
    def line(*commits: Commit) -> int:
        return found(*commits).seen["marts.line"]

    assert line() == 10
    assert line(commit(11, "marts.order", invocation="last"), commit(12, "marts.line", invocation="last")) == 11
    assert line(commit(11, "marts.order", invocation="last", made=("marts.order",)), commit(12, "raw.order")) == 11
    assert line(commit(11, "marts.order"), commit(12, "marts.order", invocation="last")) == 10, "too late, perhaps"
    assert line(commit(11, "marts.order", invocation="last"), commit(12, "marts.order")) == 11
    reads_through_views = found(commit(11, "marts.product", invocation="last")).seen
    assert reads_through_views["marts.shelf"] == reads_through_views["marts.feature"] == 11


def test_a_table_that_is_as_its_last_good_build_left_it_has_seen_what_there_was_when_that_began() -> None:
    assert found(commit(11, "marts.order", invocation="last")).seen["marts.order"] == 10
    assert found(commit(11, "raw.order")).seen["marts.line"] == 10
    assert "marts.line" not in found(commit(11, "marts.line")).seen, "somebody else wrote to it"
    assert "marts.order" not in found(last=ALL | {"order": replace(GOOD, is_good=False)}).seen
    assert found(commit(12, "raw.order")).seen == {}, "commits have expired"
    assert "marts.shown" not in found().seen


def test_the_lake_tells_which_tables_a_commit_touched(lake: Lake) -> None:
    lake.execute("create table marts.line (id varchar)")
    before = lake.snapshot()
    with lake.transaction("a model", invocation_id="i"):
        lake.execute("insert into marts.line values ('a'), ('b')")
    lake.execute("delete from marts.line where id = 'a'")
    lake.execute("create table marts.anew as from marts.line")
    lake.execute("drop table marts.line")
    lake.execute("alter table marts.anew rename to line")
    told = lakes(lake, before)
    assert {"marts.line", "ops.run"} <= told.relations
    inserted, deleted, copied, _, renamed = told.commits
    assert (inserted.invocation, deleted.invocation) == ("i", "")
    assert copied.made == {"marts.anew"}
    assert "marts.line" in renamed.touched | copied.touched
    assert told.newest == lake.snapshot()


@pytest.mark.parametrize("kind", ["insert into marts.kept values ('c', 1)", "delete from marts.kept where n < 9"])
def test_a_change_of_rows_is_told_and_a_compaction_is_none(lake: Lake, kind: str) -> None:
    lake.execute("create or replace table marts.kept (id varchar, n bigint)")
    for name in "ab":
        lake.execute(f"insert into marts.kept select '{name}', range from range(2000)")
    before = lake.snapshot()
    lake.execute(kind)
    assert lakes(lake, before).touched(["marts.kept"], replace(GOOD, snapshot=before))
    lake.execute("call ducklake_flush_inlined_data('lake')")  # of deletes: told as if they were new, so it comes first
    before = lake.snapshot()
    lake.execute("call ducklake_rewrite_data_files('lake', 'kept', schema => 'marts', delete_threshold => 0)")
    lake.execute("call ducklake_merge_adjacent_files('lake', 'kept', schema => 'marts')")
    assert lake.snapshot() > before
    assert not lakes(lake, before).touched(["marts.kept"], replace(GOOD, snapshot=before))


def test_what_was_built_is_remembered(lake: Lake) -> None:
    remember(lake, {"order": GOOD, "line": GOOD}, [])
    remember(lake, {"order": replace(GOOD, snapshot=12)}, ["line"])
    assert built(lake) == {"order": replace(GOOD, snapshot=12), "line": replace(GOOD, is_good=False)}
