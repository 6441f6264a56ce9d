"""Build: one `dbt build` of a layer, or of several, in process."""

import gc
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cohorte import clock, lake, postgres
from cohorte.settings import Settings, get_settings
from cohorte.steps import due

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED = ("error", "fail", "runtime error")
GOOD = {"success", "pass", "warn"}
COMMIT_CONFLICT = "Failed to commit DuckLake transaction"
PARTS = '"memory"'
AT_ONCE = 3
"""Models an increment builds at a time: while some wait for the catalogue, or for Python, another computes."""
LAYERS = ("staging", "intermediate", "marts", "features", "segments")
FROM_GATE_TO_GATE = (("staging",), ("intermediate", "marts"), ("features",))
"""Layers below the segments that are built together, as the DAG does."""
RUNS_BETWEEN_COLLECTIONS = 8
"""Runs of dbt in one process after which Python looks through what they left, some ten megabytes each."""

_runs_before = count()


@dataclass(frozen=True)
class BuildResult:
    """What one build did: models built, tests passed, seconds of work (threads added up)."""

    models: int
    tests: int
    seconds: float


def build(
    *layers: str, settings: Settings | None = None, full_refresh: bool = False, as_of: Sequence[date] = ()
) -> BuildResult:
    """Builds and tests the models of some layers, each when what it is made of is there.

    as_of: dates of features to compute besides those that are due.
    Raises RuntimeError naming the first model or test that failed, its message and where its SQL lies; and ValueError
    for a layer that there is not, and for a date to come: it would be the newest, and what everybody reads, until its
    day.
    """
    if not layers:
        raise ValueError(f"no layer to build; there are {', '.join(LAYERS)}")
    if unknown := [layer for layer in layers if layer not in LAYERS]:
        raise ValueError(f"layer {unknown[0]!r} is not one of {', '.join(LAYERS)}")
    settings = settings or get_settings()
    if as_of and max(as_of) > (today := clock.today(settings)):
        raise ValueError(f"as of {max(as_of)}: today is {today}, and days to come are not known. Give an earlier date.")
    # Unit tests look at made-up rows: they belong to a change of the SQL, not to every hour (`make test` runs them).
    arguments = ["build", "--exclude-resource-type", "unit_test", *(["--full-refresh"] if full_refresh else [])]
    asked = json.dumps([day.isoformat() for day in as_of])
    with lake.Lake.open(settings) as opened:
        built = due.Built(opened.snapshot(), "", due.definition(settings), clock.now(settings).date())
        everything = full_refresh or as_of or "segments" in layers  # who is in a segment since when goes by the clock
        found = None if everything else _due(layers, opened, built)
        if found and not found.models:
            return BuildResult(models=0, tests=0, seconds=0.0)
        arguments += ["--select"]
        paths = [f"path:models/{layer}" for layer in layers]
        arguments += sorted(model.split(".")[-1] for model in found.models) if found else paths
        threads = AT_ONCE if found and not found.makes_tables else 1  # two made at one moment may fail (docs/adr/0005)
        results = _run([*arguments, "--threads", str(threads)], asked, opened, built, found)
        if any(COMMIT_CONFLICT in (r.message or "") for r in results if str(r.status) in FAILED):
            # Somebody else changed the catalogue at the same moment; every model can be built again.
            results = _run([*arguments, "--threads", "1"], asked, opened, built, found)
        bad = [r for r in results if str(r.status) in FAILED]
        if bad:
            names = " ".join(layers)
            raise RuntimeError(
                f"{bad[0].node.name}: {_why(bad[0], opened)} ({len(bad)} of {len(results)} in {names} failed). "
                f"SQL: {settings.dbt_target / 'compiled'}. Rerun: cohorte run build {names}"
            )
    kinds = [r.node.resource_type for r in results]
    return BuildResult(
        models=kinds.count("model"),
        tests=kinds.count("test"),
        seconds=round(sum(r.execution_time for r in results), 2),
    )


def _due(layers: Sequence[str], opened: lake.Lake, now: due.Built) -> due.Due | None:
    """What of some layers has to be built; None for all of it, when the project is not the one it was built by."""
    before = {model: last for model, last in due.built(opened).items() if last.definition == now.definition}
    if not before:
        return None
    if not _is_described(opened.settings):
        run_dbt(["parse"], settings=opened.settings)
    changes = due.lakes(opened, min(last.snapshot for last in before.values()))
    return due.due(_graph(opened.settings), layers, changes, before, now.business_date)


def _why(result: Any, opened: lake.Lake) -> str:
    """What dbt said of a failure; of a test, also what it found, unless that was in the build's memory."""
    said, query = (result.message or "failed").strip(), result.node.compiled_code or ""
    if result.node.resource_type != "test" or str(result.status) != "fail" or PARTS in query:
        return said
    return f"{said}: {'; '.join(', '.join(map(str, row)) for row in opened.rows(f'from ({query}) limit 3'))}"


def _run(arguments: list[str], asked: str, opened: lake.Lake, now: due.Built, found: due.Due | None) -> list[Any]:
    """Runs dbt, and has it remembered which models are good as of `now`."""
    from dbt_common.invocation import get_invocation_id

    settings = opened.settings
    told = ["--no-write-json"] if _is_described(settings) else []
    of_run = {
        "COHORTE_DBT_AS_OF_DATES": asked,
        "COHORTE_DBT_GOOD": json.dumps(dict(found.good) if found else {}),
        "COHORTE_DBT_SEEN": json.dumps(dict(found.seen) if found else {}),
    }
    results = run_dbt([*arguments, *told], settings=settings, of_run=of_run)
    statuses = {
        r.node.unique_id: {str(r.status)}
        for r in results
        if r.node.resource_type == "model" and r.node.database == lake.CATALOG
    }
    for result in results:
        for model in result.node.depends_on.nodes if result.node.resource_type == "test" else ():
            if model in statuses:
                statuses[model].add(str(result.status))
    last = replace(now, invocation=get_invocation_id())
    well = {model: last for model, of_it in statuses.items() if of_it <= GOOD}
    badly = statuses.keys() - well.keys()
    if found:
        before = due.built(opened)
        well |= {model: replace(before[model], snapshot=now.snapshot) for model in found.rest}
    due.remember(opened, well, badly)
    return results


def _graph(settings: Settings) -> due.Graph:
    return due.Graph(json.loads((settings.dbt_target / "manifest.json").read_text()))


def _is_described(settings: Settings) -> bool:
    """Whether `manifest.json` tells of the project as it is now: to write it anew takes longer than most models."""
    manifest = settings.dbt_target / "manifest.json"
    folders = [settings.dbt_project, *(path for path in settings.dbt_project.rglob("*") if path.is_dir())]
    written = datetime.fromtimestamp(manifest.stat().st_mtime, UTC).replace(tzinfo=None) if manifest.exists() else None
    return bool(written and written > max(_changed_at(folder) for folder in folders))


def _changed_at(folder: Path) -> datetime:
    """When a folder, or a file in it, was last written, UTC."""
    newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    return datetime.fromtimestamp(newest, UTC).replace(tzinfo=None)


def run_dbt(
    arguments: Sequence[str],
    *,
    settings: Settings | None = None,
    quiet: bool = True,
    of_run: Mapping[str, str] | None = None,
    project: Path | None = None,
    target: Path | None = None,
) -> list[Any]:
    """Runs one dbt command against the lake; returns its results (empty for commands without any).

    of_run: what the project asks for by `env_of_run`. dbt's own variables would have it parse everything anew.
    project, target: other folders than those of the settings, for a project that is only looked at.
    Raises RuntimeError when dbt could not run at all (a parse error, a lost catalogue).
    """
    from dbt.cli.main import dbtRunner

    settings = settings or get_settings()
    project, target = project or settings.dbt_project, target or settings.dbt_target
    variables = {"segments": segment_names(project)}
    with _environment(_dbt_environment(settings) | dict(of_run or {})), _uncollected():
        outcome = dbtRunner().invoke(
            [
                *(["--quiet", "--log-level", "none"] if quiet else []),
                "--log-path",
                str(target / "logs"),
                *arguments,
                "--project-dir",
                str(project),
                "--profiles-dir",
                str(project),
                "--target-path",
                str(target),
                "--vars",
                json.dumps(variables),
            ]
        )
    if outcome.exception is not None:
        raise RuntimeError(f"dbt {arguments[0]}: {outcome.exception}") from outcome.exception
    return list(getattr(outcome.result, "results", None) or [])


def segment_names(project: Path) -> list[str]:
    """The segment models of a dbt project: one per `seg_*.sql`."""
    return sorted(path.stem for path in (project / "models" / "segments").glob("seg_*.sql"))


def _dbt_environment(settings: Settings) -> dict[str, str]:
    """What `dbt_project/profiles.yml` asks for."""
    config = lake.connection_config(settings)
    return {
        "COHORTE_DBT_CATALOG": postgres.conninfo(settings),
        "COHORTE_DBT_DATA_PATH": f"{settings.data_path}/",
        "COHORTE_DBT_EXTENSIONS": config["extension_directory"],
        "COHORTE_DBT_DUCKDB_THREADS": str(settings.threads),
        "COHORTE_DBT_MEMORY": settings.memory_limit,
        "COHORTE_DBT_SECRETS": json.dumps(_secrets(settings)),
        "COHORTE_DBT_NOW": clock.now(settings).replace(tzinfo=None).isoformat(),
        "DO_NOT_TRACK": "1",
    }


def _secrets(settings: Settings) -> list[dict[str, Any]]:
    if not settings.data_path.startswith("s3://"):
        return []
    secret: dict[str, Any] = {
        "type": "s3",
        "region": settings.s3_region,
        "key_id": settings.s3_key_id,
        "secret": settings.s3_secret.get_secret_value(),
    }
    if settings.s3_endpoint:
        secret |= {"endpoint": settings.s3_endpoint, "url_style": "path", "use_ssl": settings.s3_use_ssl}
    return [secret]


@contextmanager
def _uncollected() -> "Iterator[None]":
    """Without Python's collector of cycles, which would look through dbt's manifest again and again, for nothing.

    What runs leave is looked through when there were enough of them; a process that runs dbt once never does.
    """
    if next(_runs_before) % RUNS_BETWEEN_COLLECTIONS == RUNS_BETWEEN_COLLECTIONS - 1:
        gc.unfreeze()
        gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


@contextmanager
def _environment(variables: dict[str, str]) -> "Iterator[None]":
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
