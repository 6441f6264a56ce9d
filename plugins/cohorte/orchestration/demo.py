"""`make demo`: the platform, once, for one business day, through the very DAGs that run in production.

A run counts when its summary is written; until then the next `make demo` takes up the same day again: after an
interruption with the DAG it was in, after a failure from the beginning.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cohorte.landing import catalog
from cohorte.orchestration import local, stack
from cohorte.orchestration.summary import Summary, last_summary
from cohorte.progress import Progress, watched_by
from cohorte.settings import Settings, get_settings

if TYPE_CHECKING:
    from rich.console import Console

FIRST_DAY = datetime.fromisoformat("2017-11-30T23:59:59+00:00")
FINDS_DAGS = "AIRFLOW__CORE__MIGHT_CONTAIN_DAG_CALLABLE"
NEEDS: dict[str, tuple[str, ...]] = {
    "watch_sources": (),
    "build_features": (),
    "train_models": ("build_features",),
    "assign_segments": ("build_features",),
    "activate_segments": ("assign_segments",),
    "maintain_lake": (),
}
"""The DAGs after the extracts, as the assets or the clock start them, and whose asset each waits for. A source that is
down holds up none."""


def main() -> int:
    settings = get_settings()
    started = time.monotonic()
    with _quiet(settings) as terminal:
        from rich.console import Console

        console = Console(file=terminal, highlight=False, width=None if terminal.isatty() else 114)
        try:
            return _run(settings, console, started)
        except KeyboardInterrupt:
            console.print(
                "\n[yellow]interrupted[/]. Nothing is half done: run `make demo` again to take up the same day."
            )
            return 130
        except (RuntimeError, OSError) as error:
            console.print(f"[red]demo:[/] {error}", soft_wrap=True)
            return 1


def _run(settings: Settings, console: "Console", started: float) -> int:
    if stack.is_up(settings):
        raise RuntimeError("Airflow's scheduler is running over the same state. Stop it first: make down")
    previous = last_summary(settings)
    run = previous["run"] + 1 if previous else 1
    day = FIRST_DAY + timedelta(days=run - 1)
    watcher = Watcher(console)
    console.print(f"[bold]Cohorte[/], run {run}: the business day is {day:%Y-%m-%d}. Log: {_log_path(settings)}")
    with watcher.step("start PostgreSQL and the lake"):
        local.prepare(settings)
        sandbox = _Sandbox(settings)
    try:
        with watcher.step("start the sandbox"):
            sandbox.start()
            sandbox.platforms.set_clock(day.isoformat())
            sandbox.platforms.reset_stats()
        local.apply(local.airflow_environment(settings, sandbox.platforms) | {"COHORTE_UNATTENDED": "true"})
        settings = get_settings()
        with watcher.step("migrate Airflow's database"):
            local.migrate_airflow()
        before = Summary.marker(settings, run)
        failed: list[str] = []
        extracts = {f"extract_{name}": () for name in catalog.names(settings)}
        done = _done_before(day)
        for dag_id, needs in (extracts | NEEDS).items():
            if dag_id in done:
                console.print(f"[bold]{dag_id}[/] was done before the interruption")
            elif any(need in failed for need in needs):
                failed.append(dag_id)
                console.print(f"[bold]{dag_id}[/] is not started: nothing new from {' and '.join(needs)}")
            elif not _run_dag(dag_id, day, watcher):
                failed.append(dag_id)
        _forget_queued_runs()
        if not any(step in failed for step in ("build_features", "assign_segments")):
            summary = Summary.read(
                settings, run=run, since=before, platforms=sandbox.platforms, seconds=watcher.seconds
            )
            summary.show(console, time.monotonic() - started)
        if failed:
            console.print(
                f"[red]failed:[/] {', '.join(failed)}. Why: {_log_path(settings)}. Then: make demo", soft_wrap=True
            )
            return 1
        summary.write(settings)
        return 0
    finally:
        sandbox.stop()


class _Sandbox:
    """The sandbox of the run. One that an interrupted run left behind is taken over, and stopped like our own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def start(self) -> None:
        running = local.find_sandbox(self.settings)
        self.platforms = running or local.wait_for_sandbox(self.settings, local.start_sandbox(self.settings))

    def stop(self) -> None:
        local.stop_sandbox(self.settings)


def _done_before(day: datetime) -> set[str]:
    """The DAGs that have succeeded for this day, in a run that was interrupted; none after one that failed."""
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DagRunState
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        runs = session.execute(select(DagRun.dag_id, DagRun.state).where(DagRun.logical_date == day))
        states: dict[str, str] = {str(run.dag_id): str(run.state) for run in runs}
    if DagRunState.FAILED in states.values():
        return set()
    return {dag_id for dag_id, state in states.items() if state == DagRunState.SUCCESS}


def _run_dag(dag_id: str, day: datetime, watcher: "Watcher") -> bool:
    """Runs one DAG to its end, recorded in Airflow's database; whether it succeeded."""
    from airflow.sdk import DagRunState

    dag, started = _dags()[dag_id], datetime.now(UTC)
    with watcher.dag(dag_id) as ended, _stored_already():
        run = dag.test(logical_date=day, run_after=day)
        _say_when(run.dag_id, run.run_id, started)
        ended.ok = run.state == DagRunState.SUCCESS
    return ended.ok


def _say_when(dag_id: str, run_id: str, started: datetime) -> None:
    """`dag.test` takes the business day for the moment a run began; its duration would be years."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import update

    with create_session() as session:
        session.execute(
            update(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id).values(start_date=started)
        )


@cache
def _dags() -> dict[str, Any]:
    """The DAGs by id, parsed and stored once. Raises RuntimeError when a file does not import."""
    from airflow.dag_processing import dagbag
    from airflow.dag_processing.bundles.manager import DagBundlesManager

    manager = DagBundlesManager()
    manager.sync_bundles_to_db()
    (bundle,) = manager.get_all_dag_bundles()
    bundle.initialize()
    bag = dagbag.BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    if bag.import_errors:
        raise RuntimeError(f"a DAG file does not import: {bag.import_errors}")
    dagbag.sync_bag_to_db(bag, bundle.name, bundle.version)
    return dict(bag.dags)


@contextmanager
def _stored_already() -> Iterator[None]:
    """Within it, Airflow finds no file to parse: `dag.test` would store all DAGs anew, a second a run."""
    os.environ[FINDS_DAGS] = f"cohorte.orchestration.demo.{holds_no_dag.__name__}"
    try:
        yield
    finally:
        del os.environ[FINDS_DAGS]


def holds_no_dag(**_: Any) -> bool:
    """Airflow's question about a file, answered with no."""
    return False


def _forget_queued_runs() -> None:
    """The demo has run the consumers of every asset itself: a scheduler that starts later need not do it again."""
    from airflow.models.asset import AssetDagRunQueue
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.execute(delete(AssetDagRunQueue))


class Watcher:
    """Prints what goes on: one line a step, a line that moves while it runs."""

    def __init__(self, console: "Console") -> None:
        self.console = console
        self.seconds: dict[str, float] = {}
        self._started = time.monotonic()
        self.ok = True

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        start = time.monotonic()
        with self.console.status(what):
            yield
        self._line(what, None, time.monotonic() - start)

    @contextmanager
    def dag(self, dag_id: str) -> Iterator["Watcher"]:
        from rich.markup import escape

        self.ok = False
        start = time.monotonic()
        self.console.print(f"[bold]{dag_id}[/]")
        with self.console.status("starting") as status:

            def watch(progress: Progress) -> None:
                if progress.error:
                    self.console.print(f"  [red]{progress.step} failed:[/] {escape(progress.error)}", soft_wrap=True)
                elif progress.is_done:
                    self.seconds[progress.step] = round(progress.seconds, 1)
                    self._line(f"  {progress.step}", progress.rows, progress.seconds)
                else:
                    rows = "" if progress.rows is None else f" {progress.rows:,} rows"
                    status.update(f"{progress.step}{rows} {progress.seconds:.0f} s")

            with watched_by(watch):
                yield self
        self.seconds[dag_id] = round(time.monotonic() - start, 1)
        if not self.ok:
            self.console.print(f"  [red]{dag_id} failed[/] after {time.monotonic() - start:.1f} s")

    def _line(self, what: str, rows: int | None, seconds: float) -> None:
        counted = "" if rows is None else f"{rows:,} rows"
        self.console.print(
            f"{what:<43}{counted:>16}{seconds:>7.1f} s[dim]{time.monotonic() - self._started:>6.0f} s[/]"
        )


@contextmanager
def _quiet(settings: Settings) -> Iterator[TextIO]:
    """Sends what libraries print to the log; yields the real terminal."""
    path = _log_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with path.open("a") as log, os.fdopen(os.dup(saved[0]), "w", buffering=1) as terminal:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield terminal
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)


def _log_path(settings: Settings) -> Path:
    return settings.home.resolve() / "logs" / "demo.log"


if __name__ == "__main__":
    sys.exit(main())
