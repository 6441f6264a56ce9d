"""The strategies `mirror_part` and `newest`, on the lake itself: what is not named is left, and not rewritten."""

from pathlib import Path

import pytest
from small_project import small_project

from cohorte.lake import Lake
from cohorte.steps.build import run_dbt

PART = """
{{ config(materialized='incremental', incremental_strategy='mirror_part', unique_key=['person', 'interest'],
          meta={'part': 'person', 'gone': 'interest'}) }}
select person, interest, score from lake.ops.asked
"""
NEWEST = """
{{ config(materialized='incremental', incremental_strategy='newest', unique_key='id',
          meta={'born': 'born_at', 'changed': 'changed_at'}) }}
select id, word, born_at::timestamp as born_at, changed_at::timestamp as changed_at from lake.ops.came
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two models, with the real one's profile and macros for them."""
    models = {"part.sql": PART, "latest.sql": NEWEST}
    return small_project(tmp_path_factory.mktemp("project"), models, ["mirror_part", "newest"])


def run(lake: Lake, project: Path, model: str) -> list[tuple[str, ...]]:
    """What the change feed says of a run: kind, and the first three columns."""
    before = lake.snapshot()
    (result,) = run_dbt(["run", "--select", model], settings=lake.settings, project=project, target=project / "target")
    assert str(result.status) == "success", result.message
    feed = lake.changes(f"ops.{model}", before).drop_columns(["snapshot_id", "rowid"]).to_pylist()
    return sorted(tuple(change.values())[:4] for change in feed if change["change_type"] != "update_preimage")


def test_a_part_is_mirrored_and_the_rest_stays(lake: Lake, project: Path) -> None:
    lake.execute("create or replace table ops.asked (person varchar, interest varchar, score double)")
    lake.execute(
        "insert into ops.asked values ('ann', 'wine', 1), ('ann', 'pets', 1), ('bob', 'wine', 1), ('eve', 'wine', 1)"
    )
    run(lake, project, "part")
    assert run(lake, project, "part") == []
    lake.execute("delete from ops.asked")
    assert run(lake, project, "part") == []
    lake.execute(
        "insert into ops.asked values ('ann', 'wine', 2), ('ann', 'beer', 1), ('bob', null, null), ('new', 'pets', 1)"
    )
    assert run(lake, project, "part") == [
        ("delete", "ann", "pets", 1.0),
        ("delete", "bob", "wine", 1.0),
        ("insert", "ann", "beer", 1.0),
        ("insert", "new", "pets", 1.0),
        ("update_postimage", "ann", "wine", 2.0),
    ]
    assert lake.rows("select person, interest from ops.part order by all") == [
        ("ann", "beer"),
        ("ann", "wine"),
        ("eve", "wine"),
        ("new", "pets"),
    ]


@pytest.mark.parametrize("days", [1, 40], ids=["days without a gap", "many days apart"])
def test_the_newest_version_is_kept_whenever_it_was_born(lake: Lake, project: Path, days: int) -> None:
    lake.execute("drop table if exists ops.latest")
    lake.execute("create or replace table ops.came (id integer, word varchar, born_at varchar, changed_at varchar)")
    everybody = "select i, 'old', (date '2017-01-01' + (i * ?)::integer)::varchar, '2017-06-01' from range(20) as t (i)"
    lake.execute(f"insert into ops.came {everybody}", [days])
    lake.execute("insert into ops.came values (90, 'of no day', null, '2017-06-01')")
    run(lake, project, "latest")
    lake.execute("delete from ops.came")
    assert run(lake, project, "latest") == []
    lake.execute(f"insert into ops.came {everybody}", [days])
    lake.execute("update ops.came set word = 'new', changed_at = '2017-07-01' where id % 2 = 0")
    lake.execute("update ops.came set word = 'older', changed_at = '2017-05-01' where id % 2 = 1")
    lake.execute(
        "insert into ops.came values (90, 'of no day, new', null, '2017-07-01'), (91, 'first', null, '2017-07-01')"
    )
    lake.execute("insert into ops.came values (92, 'born', '2017-12-01', '2017-12-01')")
    feed = run(lake, project, "latest")
    assert [change[:3] for change in feed] == [
        ("insert", 91, "first"),
        ("insert", 92, "born"),
        *(("update_postimage", i, "new") for i in range(0, 20, 2)),
        ("update_postimage", 90, "of no day, new"),
    ]
    assert (
        lake.value("select count(*) from ops.latest") == lake.value("select count(distinct id) from ops.latest") == 23
    )
