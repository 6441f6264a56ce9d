"""The dbt test `as_declared` tells which columns are not what their meta says; in a project of its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from cohorte.settings import ROOT

COLUMNS = {
    "id": ("varchar", {"nulls": "never"}),
    "share": ("double", {"nulls": "without orders", "range": [0, 1]}),
    "days": ("integer", {"nulls": "before the first order", "range": [0, None]}),
    "names": ("varchar[]", {"nulls": "never"}),
    "profile": ("double[]", {"nulls": "without sessions", "range": [0, 1]}),
}
GOOD = {"id": "'a'", "share": "1.0000000001", "days": "null", "names": "[]", "profile": "[0.5, 0.5]"}
BAD = [
    ("id", "null"),
    ("id", "' '"),
    ("share", "1.01"),
    ("share", "'nan'"),
    ("share", "-0.5"),
    ("days", "-1"),
    ("names", "null"),
    ("names", "['pets', null]"),
    ("names", "['']"),
    ("profile", "[0.5, 1.5]"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One model a bad value, and one without any; each under the test."""
    made = tmp_path_factory.mktemp("declared")
    (made / "tests" / "generic").mkdir(parents=True)
    (made / "models").mkdir()
    (made / "macros").mkdir()
    shutil.copy(ROOT / "dbt_project" / "tests" / "generic" / "as_declared.sql", made / "tests" / "generic")
    for name in ("is_blank", "written_since", "clock"):
        shutil.copy(ROOT / "dbt_project" / "macros" / f"{name}.sql", made / "macros")
    (made / "dbt_project.yml").write_text(
        "{name: tried, version: '1.0', profile: tried, model-paths: [models], test-paths: [tests], "
        "flags: {send_anonymous_usage_stats: false}}"
    )
    (made / "profiles.yml").write_text(
        f"{{tried: {{target: it, outputs: {{it: {{type: duckdb, path: '{made / 'tried.duckdb'}', threads: 1}}}}}}}}"
    )
    models = []
    for at, (column, value) in enumerate([("id", "'a'"), *BAD]):
        values = GOOD | {column: value}
        selected = ", ".join(f"({values[name]})::{kind} as {name}" for name, (kind, _) in COLUMNS.items())
        (made / "models" / f"row_{at}.sql").write_text(f"select {selected}")
        columns = [{"name": n, "data_type": kind, "config": {"meta": meta}} for n, (kind, meta) in COLUMNS.items()]
        models.append({"name": f"row_{at}", "columns": columns, "data_tests": ["as_declared"]})
    (made / "models" / "rows.yml").write_text(yaml.safe_dump({"models": models}))
    return made


def test_what_is_not_as_declared_is_named(project: Path) -> None:
    folders = ["--project-dir", str(project), "--profiles-dir", str(project), "--log-path", str(project / "logs")]
    dbt = Path(sys.executable).with_name("dbt")
    done = subprocess.run([dbt, "build", "--store-failures", *folders], capture_output=True, text=True, cwd=project)
    assert done.returncode == 1, done.stdout
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    verdicts = {of["unique_id"].split(".")[2]: of for of in results if of["unique_id"].startswith("test.")}
    assert len(verdicts) == len(BAD) + 1
    assert verdicts["as_declared_row_0_"]["status"] == "pass"
    with duckdb.connect(str(project / "tried.duckdb")) as database:
        for at, (column, value) in enumerate(BAD, start=1):
            found = database.execute(f"from {verdicts[f'as_declared_row_{at}_']['relation_name']}").fetchall()
            assert found == [(column, 1)], (column, value)
