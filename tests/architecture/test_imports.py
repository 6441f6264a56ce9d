"""The arrows of the house point down only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "plugins" / "cohorte"

# Who may import what of ours: the longest matching module name decides.
LEAF = {"cohorte.credentials", "cohorte.health", "cohorte.salesforce_oauth"}
BASE = {"cohorte.settings", "cohorte.credentials", "cohorte.clock", "cohorte.progress"}
LAKE = BASE | {"cohorte.postgres", "cohorte.lake", "cohorte.storage"}
KEPT_OUT = {"cohorte.privacy.columns", "cohorte.privacy.keyed", "cohorte.privacy.arrivals"}
CORE = LAKE | KEPT_OUT | {"cohorte.health", "cohorte.sources", "cohorte.destinations", "cohorte.query"}
MIDDLE = CORE | {"cohorte.landing", "cohorte.activation", "cohorte.identity", "cohorte.enrichment", "cohorte.explain"}
STEPS = MIDDLE | {"cohorte.privacy", "cohorte.gates", "cohorte.steps", "cohorte.waivers", "models_ml", "expectations"}
ALLOWED = {
    "models_ml": {"models_ml"},
    "expectations": {"expectations"},
    "sandbox": {"sandbox"},
    "cohorte.sources": LEAF | {"cohorte.sources"},
    "cohorte.destinations": LEAF | {"cohorte.destinations"},
    "cohorte.settings": set(),
    "cohorte.credentials": set(),
    "cohorte.health": set(),
    "cohorte.salesforce_oauth": {"cohorte.credentials"},
    "cohorte.scaffold": set(),
    "cohorte.geography": set(),
    "cohorte.progress": set(),
    "cohorte.remembered": set(),
    "cohorte.clock": {"cohorte.settings"},
    "cohorte.waivers": {"cohorte.settings"},
    "cohorte.postgres": BASE,
    "cohorte.lake": LAKE,
    "cohorte.storage": LAKE,
    "cohorte.query": LAKE,
    "cohorte.privacy.columns": set(),
    "cohorte.privacy": LAKE | {"cohorte.privacy"},
    "cohorte.gates": LAKE | {"cohorte.gates"},
    "cohorte.landing": CORE | {"cohorte.landing"},
    "cohorte.activation": CORE | {"cohorte.activation"},
    "cohorte.identity": LAKE | {"cohorte.identity"},
    "cohorte.enrichment": LAKE | {"cohorte.enrichment"},
    "cohorte.steps": STEPS,
    "cohorte.segments": STEPS | {"cohorte.segments"},
    "cohorte.orchestration": STEPS | {"cohorte.orchestration"},
    "cohorte.cli": STEPS | {"cohorte.segments", "cohorte.orchestration", "cohorte.cli", "cohorte.scaffold"},
    "dags": {"cohorte.orchestration"},
}
OURS = ("cohorte", "models_ml", "expectations", "sandbox", "dags")


def modules() -> dict[str, Path]:
    found = {}
    for base, prefix in (
        (LIBRARY, "cohorte"),
        *((ROOT / n, n) for n in ("models_ml", "expectations", "sandbox", "dags")),
    ):
        for path in base.rglob("*.py"):
            parts = path.relative_to(base).with_suffix("").parts
            found[".".join((prefix, *(part for part in parts if part != "__init__")))] = path
    return found


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def rule_for(module: str) -> set[str] | None:
    matching = [name for name in ALLOWED if within(module, {name})]
    return ALLOWED[max(matching, key=len)] if matching else None


def test_there_is_something_to_check() -> None:
    assert len(modules()) > 40
    assert sum(len(imports(path)) for path in modules().values()) > 200


@pytest.mark.parametrize("module", sorted(modules()))
def test_arrows_point_down(module: str) -> None:
    allowed = rule_for(module)
    if module == "cohorte":
        allowed = set()
    assert allowed is not None, f"{module} has no place in the house: add it to ALLOWED, and say why in docs/adr"
    ours = {name for name in imports(modules()[module]) if name.split(".")[0] in OURS}
    assert {name for name in ours if not within(name, allowed)} == set()


@pytest.mark.parametrize("module", sorted(modules()))
def test_airflow_stays_in_orchestration(module: str) -> None:
    uses_airflow = any(name.split(".")[0] == "airflow" for name in imports(modules()[module]))
    assert not uses_airflow or within(module, {"dags", "cohorte.orchestration"})


HEAVY = {"dbt", "great_expectations", "dlt", "sklearn", "mlflow", "pandas", "splink", "duckdb", "pyarrow", "shap"}


@pytest.mark.parametrize("module", sorted(name for name in modules() if within(name, {"cohorte", "dags"})))
def test_nothing_heavy_is_imported_at_module_level(module: str) -> None:
    tree = ast.parse(modules()[module].read_text())
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    assert names & HEAVY == set()


def test_dag_files_are_wiring() -> None:
    files = sorted((ROOT / "dags").glob("*.py"))
    assert files
    for path in files:
        assert len(path.read_text().splitlines()) <= 80, path.name
