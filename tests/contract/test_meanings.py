"""`int_psychographics__meaning`, on the lake itself: a text is read once, and forgotten when nobody says it."""

from pathlib import Path

import pytest
from small_project import REAL, small_project

from cohorte.lake import Lake
from cohorte.steps.build import run_dbt

MODEL = "int_psychographics__meaning"
READ = "select text_id, kind, interest from ops.int_psychographics__meaning order by all"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the model and of texts that a test gives, with the real one's profile and macros for them."""
    texts = "{{ config(materialized='view') }} select form || ':' || text as text_id, form, text from lake.ops.texts"
    model = (REAL / "models" / "intermediate" / f"{MODEL}.py").read_text()
    models = {f"{MODEL}.py": model, "int_psychographics__text.sql": texts}
    return small_project(tmp_path_factory.mktemp("project"), models, ["mirror_part", "py_write_table"])


def run(lake: Lake, project: Path) -> list[tuple[str, str, str]]:
    """What the change feed says of a run: what was done, kind, interest."""
    before = lake.snapshot()
    results = run_dbt(["run"], settings=lake.settings, project=project, target=project / "target")
    assert [result.message for result in results if str(result.status) != "success"] == []
    changes = f"select change_type, kind, interest from ducklake_table_changes('lake', 'ops', '{MODEL}', ?, ?)"
    return lake.rows(f"{changes} where change_type <> 'update_preimage' order by all", [before + 1, lake.snapshot()])


def test_a_text_is_read_once_and_forgotten_with_the_last_who_said_it(lake: Lake, project: Path) -> None:
    lake.execute("create or replace table ops.texts (form varchar, text varchar)")
    lake.execute("insert into ops.texts values ('said', 'dog treats'), ('said', 'hello')")
    run(lake, project)
    assert [row[1:] for row in lake.rows(READ)] == [("interest", "pets"), ("none", "")]
    assert run(lake, project) == []

    lake.execute("insert into ops.texts values ('named', 'wine')")
    lake.execute("delete from ops.texts where text = 'hello'")
    assert run(lake, project) == [("delete", "none", ""), ("insert", "interest", "wine_and_spirits")]

    read_by = lake.value(f"select distinct read_by from ops.{MODEL}")
    lake.execute(f"update ops.{MODEL} set read_by = 'another taxonomy' where interest = 'pets'")
    assert run(lake, project) == [("update_postimage", "interest", "pets")]
    assert lake.value(f"select distinct read_by from ops.{MODEL}") == read_by
