"""Definitions of the segments as files: those of the working tree, of a revision of git, or as the lake keeps them.

`compiled` makes one SELECT of them, with all their rules, that reads no segment of the lake: dbt itself does, in a copy
of the project in which the segments are ephemeral. Whatever dbt can compile can be compared.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cohorte.lake import Lake
from cohorte.settings import Settings

FOLDER = Path("models") / "segments"
Files = Mapping[str, str]
"""Name of a file of dbt_project/models/segments -> its content: `seg_*.sql`, and the YAML about them."""


def working_tree(settings: Settings) -> Files:
    """As they are on disk."""
    folder = settings.dbt_project / FOLDER
    return {path.name: path.read_text() for path in sorted(folder.iterdir()) if _is_definition(path.name)}


def of_revision(revision: str, settings: Settings) -> Files:
    """As they were in a revision of git. Raises ValueError when git does not know it."""
    project = settings.dbt_project
    names = _git(project, "ls-tree", "--name-only", revision, "--", f"{FOLDER}/").splitlines()
    wanted = [name for name in names if _is_definition(Path(name).name)]
    if not wanted:
        raise ValueError(f"git revision {revision} has no segments in {FOLDER}")
    return {Path(name).name: _git(project, "show", f"{revision}:./{name}") for name in wanted}


def stored(version: int | None, segments: list[str], *, lake: Lake) -> Files:
    """As the lake keeps them: those in force, or that version of the segments named and the others as in force.

    Raises ValueError for a version that is not there.
    """
    rows = lake.rows(
        """
        select segment, model, kind, owner, description, sql, rules from segments.definition
        where if(? is not null and list_contains(?, segment), version = ?, is_current) order by model
        """,
        [version, segments, version],
    )
    if missing := sorted(set(segments if version else []) - {row[0] for row in rows}):
        raise ValueError(f"{', '.join(missing)}: there is no version {version}; see `cohorte segments list --versions`")
    files: dict[str, str] = {}
    about: dict[str, Any] = {}
    for _, model, kind, owner, description, sql, rules in rows:
        files[f"{model}.sql"] = sql
        meta = {"kind": kind, "owner": owner, **json.loads(rules)}
        about[model] = {"name": model, "description": description, "config": {"meta": meta}}
    return files | {"_segments.yml": json.dumps({"models": list(about.values())})}


def compiled(files: Files, *, settings: Settings, side: str) -> str:
    """One SELECT of all segments' candidates, with the columns of segments.candidate.

    side: names the copy of the project, which is kept so that dbt need not read it anew.
    Raises RuntimeError with dbt's message when the definitions do not compile.
    """
    from cohorte.steps.build import run_dbt

    target = settings.dbt_target / "diff" / side
    project = target / "project"
    _copy(files, settings.dbt_project, project)
    results = run_dbt(["compile", "--select", f"path:{FOLDER}"], settings=settings, project=project, target=target)
    candidate = next(result for result in results if result.node.name == "candidate")
    if candidate.node.compiled_code is None:
        raise RuntimeError(f"the definitions {side} do not compile: {candidate.message}")
    return str(candidate.node.compiled_code)


def _copy(files: Files, original: Path, project: Path) -> None:
    """The project with these definitions instead of its own, and no model for them in the lake."""
    import yaml

    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(original, project)
    for path in (project / FOLDER).iterdir():
        if _is_definition(path.name):
            path.unlink()
    for name, content in files.items():
        (project / FOLDER / name).write_text(content)
    declared = yaml.safe_load((project / "dbt_project.yml").read_text())
    declared["models"]["cohorte"]["segments"]["+materialized"] = "ephemeral"
    (project / "dbt_project.yml").write_text(yaml.safe_dump(declared))


def _is_definition(name: str) -> bool:
    return name.startswith("seg_") or name == "_segments.yml"


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise ValueError(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout
