"""`make demo` as a newcomer meets it: undisturbed, killed, and with bad data."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Home

from cohorte.lake import Lake

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]


def summary(home: Home) -> dict[str, Any]:
    return json.loads((home.path / "demo" / "summary.json").read_text())


def membership(home: Home) -> list[tuple[Any, ...]]:
    with Lake.open(home.settings, read_only=True) as lake:
        return lake.rows("select segment, customer_id from segments.membership order by all")


def landing(home: Home) -> bool:
    return any((home.path / "lake" / "raw" / "salesforce").rglob("*.parquet"))


def building(home: Home) -> bool:
    return any((home.path / "lake" / "marts").rglob("*.parquet"))


def activating(home: Home) -> bool:
    from cohorte.orchestration.local import find_sandbox

    if not (home.path / "mlflow" / "coupon_propensity").exists():
        return False
    sandbox = find_sandbox(home.settings)
    return bool(sandbox and sandbox.get("stats")["hubspot"])


def test_a_run_leaves_what_it_promises(finished: Home) -> None:
    found = summary(finished)
    assert found["run"] == 1
    assert found["raw_rows"]["salesforce.order_item"] > 10_000
    kinds = {segment["kind"] for segment in found["segments"]}
    assert kinds == {"rule", "cluster", "propensity"}
    assert all(gate["passed"] and gate["expectations"] for gate in found["gates"])
    assert {model["name"] for model in found["models"]} == {"customer_clusters", "coupon_propensity"}
    members = {segment["name"]: segment["members"] for segment in found["segments"]}
    for sync in found["syncs"]:
        assert sync["added"] == sync["on_platform"] == members[sync["segments"][0]] > 0
        assert sync["api_calls"] > 0


@pytest.mark.parametrize("at", [landing, building, activating])
def test_a_killed_run_ends_like_an_undisturbed_one(at: Callable[[Home], bool], home: Home, finished: Home) -> None:
    expected = membership(finished)
    home.killed_when(lambda: at(home))
    code, output = home.demo()
    assert code == 0, output
    assert membership(home) == expected
    assert summary(home)["run"] == 1
    of_platforms = [(s["name"], s["on_platform"]) for s in summary(home)["syncs"]]
    assert of_platforms == [(s["name"], s["on_platform"]) for s in summary(finished)["syncs"]]


def test_the_next_day_sends_only_what_changed(finished: Home) -> None:
    first = summary(finished)
    code, output = finished.demo()
    assert code == 0, output
    second = summary(finished)
    assert second["run"] == 2
    grown = second["raw_rows"]["salesforce.order_item"] - first["raw_rows"]["salesforce.order_item"]
    assert 0 < grown < first["raw_rows"]["salesforce.order_item"] / 100
    moved = {segment["name"]: segment["entered"] + segment["left"] for segment in second["segments"]}
    members = {segment["name"]: segment["members"] for segment in second["segments"]}
    for before, after in zip(first["syncs"], second["syncs"], strict=True):
        assert after["added"] + after["removed"] <= sum(moved[name] for name in after["segments"])
        assert after["api_calls"] < before["api_calls"]
        assert after["on_platform"] == members[after["segments"][0]]


def test_a_corrupt_staged_column_stops_everything_after_it(finished: Home) -> None:
    """Runs last: it leaves the home broken."""
    with Lake.open(finished.settings) as lake:
        syncs = lake.value("select count(*) from activation.sync_run")
        lake.execute(
            "update staging.stg_salesforce__order_item set sales_value = -1 where order_line_id in "
            "(select order_line_id from staging.stg_salesforce__order_item order by 1 limit 3)"
        )
    code, output = finished.demo()
    assert code == 1
    assert "staging.stg_salesforce__order_item.sales_value" in output
    assert "'sales_value': Decimal('-1.00')" in output
    assert "activate_segments is not started" in output
    with Lake.open(finished.settings, read_only=True) as lake:
        assert lake.value("select count(*) from activation.sync_run") == syncs
        assert lake.value("select count(*) from ops.gate_result where not is_passed") >= 1
