"""`make demo` as a newcomer meets it: undisturbed, the day after, and with bad data."""

import json

import httpx
import models_after_a_run as models
import pytest
from whole_runs import Home, Undisturbed

from cohorte.lake import Lake
from cohorte.orchestration import local
from cohorte.orchestration.demo import FIRST_DAY
from cohorte.steps.build import run_dbt

pytestmark = pytest.mark.slow

PLATFORMS = {
    *("hubspot", "mailchimp", "brevo", "marketing_cloud", "account_engagement"),
    *("meta_custom_audiences", "google_data_manager"),
}


def test_a_run(undisturbed: Undisturbed) -> None:
    """One test, because another process would begin with a run of its own."""
    _leaves_what_it_promises(undisturbed.summary)
    _accounts_for_every_member(undisturbed.home, undisturbed.summary)
    _says_what_every_column_is(undisturbed.home)
    _has_a_reader_for_every_model(undisturbed.home)
    _hands_out_rows_as_they_come(undisturbed.home)
    _passes_the_unit_tests_of_its_models(undisturbed.home)
    for expected in (models.made_again, models.shown, models.nothing_to_go_back_to):
        expected(undisturbed.home)


@pytest.mark.long("a whole run the day after another")
def test_the_next_day(home: Home) -> None:
    code, output = home.demo()
    assert code == 0, output
    first, deleted = home.summary(), _deletes_a_reader(home)
    code, output = home.demo()
    assert code == 0, output
    _sends_only_what_changed(first, home.summary())
    _accounts_for_every_member(home, home.summary())
    _has_let_go_of(deleted, home)


@pytest.mark.long("a whole run that is stopped by the gate of a corrupt column")
def test_a_bad_day(home: Home) -> None:
    code, output = home.demo()
    assert code == 0, output
    _stops_at_a_corrupt_column(home)


def _deletes_a_reader(home: Home) -> str:
    """Deletes, in Salesforce, all contacts of one who gets the market letter; who that is."""
    with Lake.open(home.settings, read_only=True) as lake:
        customer_id = lake.value("select min(customer_id) from segments.membership where segment = 'market_letter'")
        records = lake.rows(
            "select replace(record_id, 'salesforce:', '') from intermediate.int_identity__customer "
            "where customer_id = ? and record_id like 'salesforce:%'",
            [customer_id],
        )
    sandbox = local.wait_for_sandbox(home.settings, local.start_sandbox(home.settings))
    for (contact_id,) in records:
        httpx.post(f"{sandbox.url}/_control/contacts/{contact_id}/delete", json={}).raise_for_status()
    return str(customer_id)


def _has_let_go_of(customer_id: str, home: Home) -> None:
    with Lake.open(home.settings, read_only=True) as lake:
        for table in ("segments.membership", "marts.dim_customer", "pii.dim_contact", "features.customer_latest"):
            assert lake.value(f"select count(*) from {table} where customer_id = ?", [customer_id]) == 0, table
        receipts = (
            "select operation, state from activation.delivery where customer_id = ? and sync = ? order by delivered_at"
        )
        there_and_back = lake.rows(receipts, [customer_id, "mailchimp_market_letter"])
        assert there_and_back == [("add", "accepted"), ("remove", "accepted")]
        stays = "select count(*) from segments.history where customer_id = ? and left_at is null"
        assert lake.value(stays, [customer_id]) == 0
        assert lake.value("select bool_or(is_deleted) from pii.stg_salesforce__contact")


def _leaves_what_it_promises(found: dict) -> None:
    assert found["run"] == 1
    assert found["raw_rows"]["salesforce.order_item"] > 10_000
    assert {segment["kind"] for segment in found["segments"]} == {"rule", "cluster", "propensity"}
    assert found["gates"]
    assert all(gate["passed"] and gate["expectations"] for gate in found["gates"])
    assert {model["name"] for model in found["models"]} == {"customer_clusters", "coupon_propensity"}
    assert {sync["destination"] for sync in found["syncs"]} == PLATFORMS


def _accounts_for_every_member(home: Home, found: dict) -> None:
    """Who is in the segment is on the platform, or left out for a reason."""
    members = {segment["name"]: segment["members"] for segment in found["segments"]}
    with Lake.open(home.settings, read_only=True) as lake:
        newest = "select sync, arg_max(left_out, started_at) from activation.sync_run group by sync"
        left_out = {sync: sum(json.loads(reasons or "{}").values()) for sync, reasons in lake.rows(newest)}
        held_out = lake.value("select count(*) from segments.membership where holdout is not null")
        assert lake.value("select count(*) from activation.holdout") >= held_out > 0
    for sync in found["syncs"]:
        assert sync["on_platform"] == members[sync["segments"][0]] - left_out[sync["name"]], sync


def _says_what_every_column_is(home: Home) -> None:
    """Of what models make and of what they read; and of no table that is not there."""
    manifest = json.loads((home.path / "dbt" / "manifest.json").read_text())
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    nodes = {(node["schema"], node["alias"]): node for node in models}
    nodes |= {(node["schema"], node["identifier"]): node for node in manifest["sources"].values()}
    described = {
        (*table, name)
        for table, node in nodes.items()
        for name, column in node["columns"].items()
        if node["description"] and column["description"]
    }
    with Lake.open(home.settings, read_only=True) as lake:
        there = lake.rows("select table_schema, table_name, column_name from information_schema.columns")
    there = {column for column in there if column[:2] in nodes}
    assert len(there) > 1_000
    assert there - described == set()
    sources = {(node["schema"], node["identifier"]) for node in manifest["sources"].values()}
    assert {column for column in described - there if column[:2] in sources} == set()


def _has_a_reader_for_every_model(home: Home) -> None:
    children = json.loads((home.path / "dbt" / "manifest.json").read_text())["child_map"]
    readers = {
        model: [child for child in found if child.startswith(("model.", "exposure."))]
        for model, found in children.items()
    }
    idle = [model for model, found in readers.items() if model.startswith("model.") and not found]
    assert [model for model in idle if "stg_" not in model] == []  # a source may be there before its first reader


def _hands_out_rows_as_they_come(home: Home) -> None:
    """No view analysts read has a `union all` with joins in a later part of it (docs/adr/0034)."""

    def waited_for(node: dict, after_a_union: bool = False) -> list[str]:
        """What has to be ready before rows of later parts of a union come."""
        name, children = node["name"].strip(), node["children"]
        if after_a_union and name.endswith(("_JOIN", "_GROUP_BY", "WINDOW", "ORDER_BY")):
            return [name]
        parts = children[:1] if name.endswith("_JOIN") else children[-1:] if name == "CTE" else children
        return [
            found
            for place, part in enumerate(parts)
            for found in waited_for(part, after_a_union or (name == "UNION" and place > 0))
        ]

    waiting = "select 1 union all select count(*) from range(9) as a join range(9) as b using (range) group by range"
    with Lake.open(home.settings, read_only=True) as lake:
        views = lake.rows(
            "select schema_name || '.' || view_name from duckdb_views() "
            "where database_name = 'lake' and schema_name in ('marts', 'features')"
        )
        plans = {
            query: json.loads(lake.rows(f"explain (format json) {query}")[0][1])[0]
            for query in (waiting, *(f"from {view}" for (view,) in views))
        }
    assert "from marts.fct_interaction" in plans
    assert {query for query, plan in plans.items() if waited_for(plan)} == {waiting}


def _passes_the_unit_tests_of_its_models(home: Home) -> None:
    """Here, because dbt asks the tables a model reads for their types; parts of features are there in a build only."""
    features = "path:models/features"
    settings = home.settings.model_copy(update={"clock": FIRST_DAY.isoformat()})
    results = run_dbt(["test", "--select", "test_type:unit", "--exclude", features], settings=settings)
    results += run_dbt(["build", "--select", features], settings=settings)
    results = [result for result in results if result.node.resource_type == "unit_test"]
    assert len(results) > 50
    assert [result.node.name for result in results if str(result.status) != "pass"] == []


def _sends_only_what_changed(first: dict, second: dict) -> None:
    assert second["run"] == 2
    grown = second["raw_rows"]["salesforce.order_item"] - first["raw_rows"]["salesforce.order_item"]
    assert 0 < grown < first["raw_rows"]["salesforce.order_item"] / 100
    moved = {segment["name"]: segment["entered"] + segment["left"] for segment in second["segments"]}
    for before, after in zip(first["syncs"], second["syncs"], strict=True):
        assert before["added"] == before["on_platform"]
        assert after["added"] + after["removed"] <= sum(moved[name] for name in after["segments"])
        assert not before["added"] or 0 <= after["api_calls"] < before["api_calls"]


def _stops_at_a_corrupt_column(home: Home) -> None:
    with Lake.open(home.settings) as lake:
        syncs = lake.value("select count(*) from activation.sync_run")
        lake.execute(
            "update staging.stg_salesforce__order_item set sales_value = -1 where order_line_id in "
            "(select order_line_id from staging.stg_salesforce__order_item order by 1 limit 3)"
        )
    code, output = home.demo(COHORTE_SOURCES="salesforce")
    assert code == 1
    assert "staging.stg_salesforce__order_item.sales_value" in output
    assert "'sales_value': Decimal('-1.00')" in output
    assert "activate_segments is not started" in output
    with Lake.open(home.settings, read_only=True) as lake:
        assert lake.value("select count(*) from activation.sync_run") == syncs
        assert lake.value("select count(*) from ops.gate_result where not is_passed") >= 1
