"""The incremental strategy `mirror`, on the lake itself: a table follows its SELECT, and its feed is the change."""

from pathlib import Path

import pytest
from small_project import small_project

from cohorte.lake import Lake
from cohorte.steps.build import run_dbt

MODEL = """
{{ config(materialized='incremental', incremental_strategy='mirror', unique_key=['channel', 'customer_id']) }}
select channel, customer_id, city from lake.ops.asked
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of one model, with the real one's profile and macros for it."""
    return small_project(tmp_path_factory.mktemp("project"), {"follower.sql": MODEL}, ["mirror"])


def follow(lake: Lake, project: Path, *rows: tuple[str, str, str | None]) -> list[tuple[str, ...]]:
    """What the change feed says of a run in which the SELECT answers these rows: kind, channel, customer, city."""
    lake.execute("create or replace table ops.asked (channel varchar, customer_id varchar, city varchar)")
    for row in rows:
        lake.execute("insert into ops.asked values (?, ?, ?)", list(row))
    before = lake.snapshot()
    (result,) = run_dbt(["run"], settings=lake.settings, project=project, target=project / "target")
    assert str(result.status) == "success", result.message
    assert lake.rows("from ops.follower order by all") == sorted(rows, key=str)
    feed = lake.changes("ops.follower", before).select(["change_type", "channel", "customer_id", "city"])
    return sorted(tuple(change.values()) for change in feed.to_pylist() if change["change_type"] != "update_preimage")


def test_only_what_differs_is_written(lake: Lake, project: Path) -> None:
    ann, bob, eve = ("email", "ann", "Dayton"), ("email", "bob", None), ("phone", "ann", "Lima")
    follow(lake, project, ann, bob, eve)
    assert follow(lake, project, ann, bob, eve) == []
    moved, new = ("email", "bob", "Xenia"), ("phone", "bob", None)
    assert follow(lake, project, ann, moved, new) == [
        ("delete", *eve),
        ("insert", *new),
        ("update_postimage", *moved),
    ]
    assert follow(lake, project, ann, bob, new) == [("update_postimage", *bob)]


def test_a_select_that_answers_nothing_empties_the_table(lake: Lake, project: Path) -> None:
    follow(lake, project, ("email", "ann", "Dayton"))
    assert follow(lake, project) == [("delete", "email", "ann", "Dayton")]
