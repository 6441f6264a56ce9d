"""A dbt project of a few models in `ops`, with the real one's profile and macros: what one mechanism is tried on."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from cohorte.settings import ROOT

REAL = ROOT / "dbt_project"


def small_project(folder: Path, models: Mapping[str, str], macros: Iterable[str]) -> Path:
    """Writes the project into a folder, which it returns. models: file name to text. macros: of the real project."""
    shutil.copy(REAL / "profiles.yml", folder)
    (folder / "macros").mkdir()
    for macro in (*macros, "generate_schema_name"):
        shutil.copy(REAL / "macros" / f"{macro}.sql", folder / "macros")
    (folder / "models").mkdir()
    for name, text in models.items():
        (folder / "models" / name).write_text(text)
    described = {"name": "small", "profile": "cohorte", "models": {"small": {"+schema": "ops"}}}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(described))
    return folder
