"""What dbt's YAML must say: every column what it is, every feature its unit, window and nulls, every source how old it
may be, every mart and feature its types. Read from the files: nothing has to run."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cohorte.settings import ROOT

PROJECT = ROOT / "dbt_project"
MODELS = PROJECT / "models"
WRITTEN_BY_US = {
    "ml": "what the models said when assign_segments last ran",
    "restored": "segments taken back by hand; they are as old as the wish",
}
"""Sources that no platform fills, and why they need no freshness."""
UNDER_CONTRACT = ("marts", "features")
OPENINGS = ("One row per ", "One row: ")
NUMBERS = ("integer", "bigint", "double", "double[]")


def declared(kind: str) -> list[tuple[Path, dict[str, Any]]]:
    found = [
        (path, entry)
        for path in sorted(MODELS.rglob("*.yml"))
        for entry in yaml.safe_load(path.read_text()).get(kind) or ()
    ]
    assert found, f"no {kind} were found: this test would check nothing"
    return found


def model(name: str) -> dict[str, Any]:
    return next(entry for _, entry in declared("models") if entry["name"] == name)


FEATURES = model("customer")["columns"]


def test_every_model_is_declared_once() -> None:
    files = sorted(path.stem for path in MODELS.rglob("*") if path.suffix in (".sql", ".py"))
    assert len(files) > 60
    assert sorted(entry["name"] for _, entry in declared("models")) == files


def test_every_model_says_its_grain_and_every_column_what_it_is() -> None:
    """That no column lacks here which the lake has is seen after a run: tests/stack/test_demo.py."""
    models = declared("models")
    tables = [entry for _, entry in models if not entry["name"].startswith("seg_")]  # a segment says who is in it
    assert [entry["name"] for entry in tables if not entry["description"].startswith(OPENINGS)] == []
    assert [entry["name"] for _, entry in models if not entry["description"].strip()] == []
    columns = [(entry["name"], column) for _, entry in models for column in entry.get("columns") or ()]
    assert len(columns) > 300
    assert [(name, column["name"]) for name, column in columns if not (column.get("description") or "").strip()] == []
    assert [entry["name"] for _, entry in models if not entry.get("columns")] == []


def test_every_source_says_how_old_it_may_be() -> None:
    sources = declared("sources")
    assert len(sources) > 8
    for path, source in sources:
        if source["name"] in WRITTEN_BY_US:
            assert source["schema"] != "raw", path
            continue
        config = source["config"]
        assert config["loaded_at_query"] == "{{ last_load() }}", path
        for age in ("warn_after", "error_after"):
            assert config["freshness"][age]["count"] > 0 and config["freshness"][age]["period"], path
        for table in source["tables"]:
            assert (table.get("config") or {}).get("freshness", "the source's"), f"{path}: {table['name']}"
            assert table.get("description"), f"{path}: {table['name']}"


def test_every_column_of_a_source_says_what_it_is() -> None:
    """As above: that none lacks is seen after a run."""
    tables = [(source["name"], table) for _, source in declared("sources") for table in source["tables"]]
    assert [(name, table["name"]) for name, table in tables if not table.get("columns")] == []
    columns = [(name, table["name"], column) for name, table in tables for column in table["columns"]]
    assert len(columns) > 400
    undescribed = [(*where, c["name"]) for *where, c in columns if not (c.get("description") or "").strip()]
    assert undescribed == []


def test_marts_and_features_are_under_contract() -> None:
    configured = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["models"]["cohorte"]
    for layer in UNDER_CONTRACT:
        assert configured[layer]["+contract"] == {"enforced": True}
    assert [path.name for path in MODELS.rglob("*.sql") if "contract" in path.read_text().split("}}")[0]] == []
    under = [(path, entry) for path, entry in declared("models") if path.parent.name in UNDER_CONTRACT]
    assert len(under) > 10
    untyped = [
        (entry["name"], column["name"])
        for _, entry in under
        for column in entry["columns"]
        if not column.get("data_type")
    ]
    assert untyped == []
    assert [entry["name"] for _, entry in under if "contract" in (entry.get("config") or {})] == []


def test_there_are_features() -> None:
    assert len(FEATURES) > 60
    assert "as_declared" in model("customer")["data_tests"]


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature["name"])
def test_a_feature_has_a_unit_a_window_a_test_and_a_policy_for_nulls(feature: dict[str, Any]) -> None:
    meta = feature["config"]["meta"]
    assert meta["unit"].strip() and meta["window"].strip() and meta["nulls"].strip()
    assert set(meta) <= {"unit", "window", "nulls", "range"}
    assert meta["nulls"] == "never" or meta["nulls"].split()[0] in ("when", "without", "with", "before")
    if feature["data_type"] in NUMBERS:
        least, most = meta["range"]
        assert least is None or most is None or least < most
    said = set(re.findall(r"\w+", feature["description"]))
    if feature["name"] != "customer_id":  # the docs page shows the description
        assert set(re.findall(r"\d+|ever", meta["window"])) <= said
    assert meta["nulls"] == "never" or "null" in said
    for days in ("30", "90", "180"):
        if feature["name"].endswith(f"_{days}d"):
            assert meta["window"] == f"{days} days"


def test_the_newest_features_are_declared_like_all_of_them() -> None:
    said = [{key: column[key] for key in ("name", "data_type", "description")} for column in FEATURES]
    assert model("customer_latest")["columns"] == said
