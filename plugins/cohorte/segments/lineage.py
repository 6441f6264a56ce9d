"""Which raw tables a feature descends from: what its column in `features.customer` looks at, and dbt's lineage."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cohorte.settings import Settings

if TYPE_CHECKING:
    from sqlglot import exp

FEATURES = ("features", "customer")


def raw_tables(columns: Iterable[str], *, settings: Settings) -> frozenset[str] | None:
    """`schema.table` of the sources behind some features, by the manifest of the last build.

    None where that cannot be told: a column that is no feature, one that names no relation, no manifest.
    """
    path = settings.dbt_target / "manifest.json"
    manifest: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    models = {node["name"]: node for node in manifest.get("nodes", {}).values() if node["resource_type"] == "model"}
    features = next((node for node in models.values() if (node["schema"], node["name"]) == FEATURES), None)
    if features is None:
        return None
    found: set[str] = set()
    relations = _relations(features["raw_code"])
    for column in columns:
        if column not in relations or not relations[column] <= models.keys():
            return None
        found |= {models[relation]["unique_id"] for relation in relations[column]}
    return frozenset(_sources(found, manifest))


def _relations(model: str) -> dict[str, set[str]]:
    """Column -> the models its expression looks at; a column that names none of them is left out."""
    import jinja2
    import sqlglot
    from sqlglot import exp

    sql = jinja2.Template(model).render(ref=lambda name: name, config=lambda **_: "")
    query = sqlglot.parse_one(sql, dialect="duckdb")
    if not isinstance(query, exp.Select) or not query.args.get("from_"):
        return {}
    sources = [query.args["from_"].this, *(join.this for join in query.args.get("joins") or ())]
    behind = {source.alias_or_name: {table.name for table in source.find_all(exp.Table)} for source in sources}
    return {
        column.alias_or_name: set().union(*(behind[used.table] for used in _used(column)))
        for column in query.selects
        if _used(column) and all(used.table in behind for used in _used(column))
    }


def _used(column: "exp.Expr") -> "list[exp.Column]":
    from sqlglot import exp

    return list(column.find_all(exp.Column))


def _sources(nodes: set[str], manifest: dict[str, Any]) -> set[str]:
    """The tables at the end of dbt's lineage of some models."""
    reached, ahead = set[str](), set(nodes)
    while ahead:
        reached |= ahead
        ahead = {parent for node in ahead for parent in manifest["parent_map"].get(node, ())} - reached
    sources = manifest["sources"]
    return {f"{sources[node]['schema']}.{sources[node]['identifier']}" for node in reached if node in sources}
