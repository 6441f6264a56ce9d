"""The dbt tests `one_row_per` and `never_moves`, on the lake itself: what they find, and in which rows they look."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from small_project import REAL, small_project

from cohorte.lake import Lake
from cohorte.steps.build import run_dbt

RULES = [
    {"one_row_per": {"arguments": {"columns": ["id"], "never_null": ["place"], "one_of": {"kind": ["a", "b"]}}}},
    {"never_moves": {"arguments": {"key": "id", "column": "place"}}},
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of one table, which is written by hand, with the real one's profile, macros and tests."""
    models = {
        "kept.sql": "{{ config(materialized='table') }} select 1",
        "kept.yml": yaml.safe_dump({"models": [{"name": "kept", "data_tests": RULES}]}),
    }
    macros = ["clock", "written_since", "list_relations"]
    folder = small_project(tmp_path_factory.mktemp("project"), models, macros)
    shutil.copytree(REAL / "tests", folder / "tests")
    return folder


@pytest.fixture
def kept(lake: Lake) -> Lake:
    lake.execute("create or replace table ops.kept (id varchar, place varchar, kind varchar)")
    lake.execute("insert into ops.kept values ('old', 'here', 'a'), ('other', 'here', 'b')")
    return lake


def found(lake: Lake, project: Path, since: int | None) -> list[tuple]:
    """What the tests find: rule, key and number of rows of one, key and places of the other."""
    of_run = {} if since is None else {"COHORTE_DBT_GOOD": json.dumps({"ops.kept": since})}
    results = run_dbt(["test"], settings=lake.settings, project=project, target=project / "target", of_run=of_run)
    assert {str(result.status) for result in results} <= {"pass", "fail"}, [result.message for result in results]
    rows = [row for result in results for row in lake.rows(result.node.compiled_code)]
    assert len(rows) == sum(result.failures for result in results)
    return sorted(rows)


def test_each_rule_that_is_broken_is_named_with_a_row_that_breaks_it(kept: Lake, project: Path) -> None:
    assert found(kept, project, None) == []
    kept.execute("insert into ops.kept values ('twice', 'x', 'a'), ('twice', 'y', 'a'), ('lost', null, 'c')")
    broken = [("kind is c", "lost", 1), ("more than one row", "twice", 2), ("place is null", "lost", 1)]
    assert found(kept, project, None) == broken


def test_rows_that_were_there_when_all_was_well_are_not_looked_at_again(kept: Lake, project: Path) -> None:
    kept.execute("insert into ops.kept values ('lost', null, 'a')")
    well = kept.snapshot()
    assert found(kept, project, well) == []
    assert found(kept, project, well - 1) == [("place is null", "lost", 1)]
    kept.execute("update ops.kept set place = null where id = 'old'")
    assert found(kept, project, well) == [("place is null", "old", 1)], "a row that is changed is written"


def test_a_row_that_is_written_twice_is_one(kept: Lake, project: Path) -> None:
    well = kept.snapshot()
    for place in ("there", "elsewhere"):
        kept.execute("delete from ops.kept where id = 'old'")
        kept.execute("insert into ops.kept values ('old', ?, 'a')", [place])
    kept.execute("update ops.kept set kind = 'b' where id = 'old'")
    assert found(kept, project, well) == []


def test_a_row_that_moves_is_found_until_all_is_built(kept: Lake, project: Path) -> None:
    well = kept.snapshot()
    kept.execute("update ops.kept set place = 'there' where id = 'old'")
    assert found(kept, project, well) == [("old", 2)]
    kept.execute("insert into ops.kept values ('new', 'here', 'a')")
    assert found(kept, project, well) == [("old", 2)]
    assert found(kept, project, None) == []


def test_compaction_leaves_rows_the_snapshot_they_were_written_in(kept: Lake) -> None:
    kept.execute("insert into ops.kept select 'seen ' || range, 'here', 'a' from range(2000)")
    before = kept.snapshot()
    kept.execute("insert into ops.kept select 'new ' || range, 'here', 'a' from range(2000)")
    kept.execute("update ops.kept set place = 'there' where id = 'old'")
    written = "select count(*) from ops.kept where snapshot_id > ?"
    assert kept.value(written, [before]) == 2001
    kept.execute("call ducklake_flush_inlined_data('lake')")
    assert kept.rows("call ducklake_merge_adjacent_files('lake')"), "there was nothing to merge"
    assert kept.value(written, [before]) == 2001
