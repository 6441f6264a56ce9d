"""The steps as Airflow tasks. Each opens the lake, does one thing and says what it did; imports wait until then."""

from datetime import timedelta
from typing import Any

from airflow.sdk import AssetAlias, task

from cohorte.orchestration.assets import DRIFT, DRIFTED

HOUR = timedelta(hours=1)
"""What lies between two runs of an extract."""


@task
def land(source: str, *, dag_run: Any = None) -> dict[str, Any]:
    """Everything new in one source, into raw; in a run of `airflow backfill create`, the hour before its date."""
    from airflow.sdk.exceptions import AirflowSkipException

    from cohorte.lake import Lake
    from cohorte.landing import catalog
    from cohorte.orchestration.connections import credentials
    from cohorte.settings import get_settings
    from cohorte.sources.base import Window
    from cohorte.steps.journal import journal
    from cohorte.steps.land import land as step

    if source not in catalog.names(get_settings()):
        raise AirflowSkipException(f"{source} is not one of COHORTE_SOURCES")
    with Lake.open() as lake, journal(lake, "land", source) as entry:
        connection = credentials(catalog.connection(source, lake.settings))
        window = None
        if dag_run.run_type == "backfill":
            window = Window(dag_run.logical_date - HOUR, dag_run.logical_date)
        result = step(catalog.open_source(source, connection, lake.settings), window, lake=lake, progress=entry.say)
        entry.rows = sum(result.rows.values())
        return {"rows": result.rows}


@task
def watch() -> dict[str, int]:
    """Streams that have not been heard of for too long; red while there is one whose source does not allow it."""
    from collections import Counter

    from airflow.sdk.exceptions import AirflowFailException

    from cohorte.lake import Lake
    from cohorte.steps.journal import journal
    from cohorte.steps.watch import watch as step

    with Lake.open() as lake, journal(lake, "watch") as entry:
        found = step(lake=lake)
        entry.rows = len(found)
    if stale := [stream for stream in found if stream.state == "stale"]:
        raise AirflowFailException("; ".join(f"{stream}{' (new)' if stream.is_news else ''}" for stream in stale))
    return dict(Counter(stream.state for stream in found))


@task
def build(*layers: str) -> dict[str, Any]:
    """Layers of the dbt project, built and tested."""
    from cohorte.lake import Lake
    from cohorte.steps.build import build as step
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "build", " ".join(layers)):
        result = step(*layers, settings=lake.settings)
        return {"models": result.models, "tests": result.tests}


@task
def gate(layer: str) -> dict[str, Any]:
    """What must be true of a layer; red, and nothing after it runs, when it is not."""
    from airflow.sdk.exceptions import AirflowFailException

    from cohorte.lake import Lake
    from cohorte.steps.gate import GateFailedError
    from cohorte.steps.gate import gate as step
    from cohorte.steps.journal import journal

    try:
        with Lake.open() as lake, journal(lake, "gate", layer):
            result = step(layer, lake=lake)
            return {"expectations": len(result.findings), "waiting_for_first_load": list(result.waiting)}
    except GateFailedError as error:
        # The same rows would fail again: a retry only delays the news.
        raise AirflowFailException(str(error)) from error


@task
def train(model: str) -> dict[str, Any]:
    """A challenger for one model; promoted by evidence or refused with the reason."""
    from cohorte.lake import Lake
    from cohorte.steps.journal import journal
    from cohorte.steps.train import train as step

    with Lake.open() as lake, journal(lake, "train", model) as entry:
        result = step(model, lake=lake)
        entry.rows = result.rows
        return {"version": result.version, "is_promoted": result.is_promoted, "reason": result.reason}


@task
def score() -> dict[str, int]:
    """The champions' word on every customer."""
    from cohorte.lake import Lake
    from cohorte.steps.assign import score as step
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "score") as entry:
        rows = step(lake=lake)
        entry.rows = sum(rows.values())
        return rows


@task(outlets=[AssetAlias(DRIFTED)])
def watch_drift(*, outlet_events: Any) -> list[str]:
    """Whether today's customers still look like those the models know. What drifts anew starts train_models."""
    from cohorte.lake import Lake
    from cohorte.steps.drift import check_drift
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "drift") as entry:
        drifted = check_drift(lake=lake)
        entry.rows = len(drifted)
    if drifted:
        outlet_events[AssetAlias(DRIFTED)].add(DRIFT, extra={"models": list(drifted)})
    return list(drifted)


@task
def audit() -> dict[str, Any]:
    """Every segment by age and income. A breach does not stop the run: it holds the syncs of that segment."""
    from cohorte.lake import Lake
    from cohorte.steps.audit import audit_segments
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "audit") as entry:
        found = audit_segments(lake=lake)
        entry.rows = len(found)
        return {audited.subject: list(audited.blocking) for audited in found if audited.blocking}


@task
def list_syncs(connection: str) -> list[str]:
    """The syncs declared as exposures in dbt that send through one connection."""
    from cohorte.settings import get_settings
    from cohorte.steps.activate import load_syncs

    syncs = load_syncs(get_settings().dbt_target / "manifest.json")
    return [sync.name for sync in syncs if sync.connection == connection]


@task(map_index_template="{{ task.op_kwargs.get('sync') or task.op_args[0] }}")
def activate(sync: str, held: dict[str, Any] | None = None) -> dict[str, Any]:
    """One platform brought in step; independent of all others. With `held`, what a run returned that was held and that
    a person has approved since, as much as waited then is sent."""
    from dataclasses import asdict

    from airflow.sdk.exceptions import AirflowFailException

    from cohorte.lake import Lake
    from cohorte.orchestration.connections import credentials
    from cohorte.steps.activate import activate as step
    from cohorte.steps.activate import load_syncs
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "activate", sync) as entry:
        spec = next(s for s in load_syncs(lake.settings.dbt_target / "manifest.json") if s.name == sync)
        result = step(
            spec,
            lake=lake,
            credentials=credentials(spec.connection),
            approved=held["waiting"] if held else 0,
            progress=lambda done, planned: entry.say(f"of {planned:,}", done),
        )
        entry.rows = result.added + result.updated + result.removed
        if result.state == "failed":
            raise RuntimeError(f"{sync}: {result.reason}. {result.pending:,} operations wait for the next run.")
        if held and result.held:
            raise AirflowFailException(
                f"{sync} is held again: {held['waiting']:,} operations were approved, {result.waiting:,} wait now. "
                "The next run asks anew."
            )
        return asdict(result)


@task
def publish() -> int | None:
    """What has just passed its gates, to analysts."""
    from cohorte.lake import Lake
    from cohorte.steps.journal import journal
    from cohorte.steps.publish import publish as step

    with Lake.open() as lake, journal(lake, "publish"):
        return step(lake=lake)


@task
def maintain() -> dict[str, Any]:
    """A compact lake: small files merged, old snapshots expired, orphans of killed writers removed."""
    from cohorte.lake import Lake
    from cohorte.steps.journal import journal
    from cohorte.steps.maintain import maintain as step

    with Lake.open() as lake, journal(lake, "maintain"):
        return step(lake=lake)


@task
def erase(*, params: Any = None) -> dict[str, Any]:
    """One person, everywhere; says what was done without a word of who it was."""
    from airflow.sdk.exceptions import AirflowFailException

    from cohorte.lake import Lake
    from cohorte.orchestration.connections import credentials
    from cohorte.privacy.subject import address_of
    from cohorte.steps.erase import erase as step
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "erase") as entry:
        email = address_of(lake, params["email_sha256"]) if params["email_sha256"] else None
        if params["email_sha256"] and not email:
            raise AirflowFailException("no address in the lake has that hash. Try: cohorte erase --email")
        done = step(
            lake=lake,
            credentials=credentials,
            email=email,
            customer_id=params["customer_id"],
            by_hand=tuple(params["by_hand"]),
        )
        entry.rows = sum(done.certificate["rows_deleted"].values())
        return {"erasure_id": done.erasure_id, "was_known": done.was_known, "certificate": done.where}
