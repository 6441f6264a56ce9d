"""`cohorte run`: one step, as the DAGs do it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Run one step, as the DAGs do.")


@app.command("land")
def land(
    source: Annotated[str, typer.Argument(help="One of `cohorte sources list`")],
    since: Annotated[datetime | None, typer.Option(help="Backfill from here; the cursor stays where it is")] = None,
    until: Annotated[datetime | None, typer.Option(help="Backfill up to here (default: now)")] = None,
) -> None:
    """Land what is new in a source, or a window of the past."""
    from cohorte.orchestration import local

    local.enter()
    from cohorte import clock
    from cohorte.lake import Lake
    from cohorte.landing import catalog
    from cohorte.orchestration.connections import credentials
    from cohorte.sources.base import Window
    from cohorte.steps.journal import journal
    from cohorte.steps.land import land

    with Lake.open() as lake, journal(lake, "land", source) as entry:
        window = None
        if since or until:
            window = Window(_utc(since), _utc(until) or clock.now(lake.settings))
        connection = credentials(catalog.connection(source, lake.settings))
        opened = catalog.open_source(source, connection, lake.settings)
        result = land(opened, window, lake=lake, progress=entry.say)
        entry.rows = sum(result.rows.values())
        for stream, rows in result.rows.items():
            print(f"{source}.{stream}: {rows:,} rows")


@app.command("build")
def build(
    layers: Annotated[list[str], typer.Argument(help="staging, intermediate, marts, features, segments")],
    full_refresh: Annotated[bool, typer.Option(help="Rebuild from scratch")] = False,
    as_of: Annotated[
        list[datetime] | None, typer.Option(formats=["%Y-%m-%d"], help="Features as of this date, too; repeatable")
    ] = None,
) -> None:
    """Build and test layers of the dbt project."""
    from cohorte.lake import Lake
    from cohorte.steps.build import build
    from cohorte.steps.journal import journal

    names = " ".join(layers)
    with Lake.open() as lake, journal(lake, "build", names):
        dates = [moment.date() for moment in as_of or ()]
        result = build(*layers, settings=lake.settings, full_refresh=full_refresh, as_of=dates)
    print(f"{names}: {result.models} models built, {result.tests} tests passed")


@app.command("gate")
def gate(
    layer: Annotated[str, typer.Argument(help="staging, marts, features, segments")],
    accept: Annotated[
        list[str] | None,
        typer.Option(help="A table that is right although it differs from its past: you have looked at it; repeatable"),
    ] = None,
) -> None:
    """Check a layer against its expectations and its past."""
    from cohorte.lake import Lake
    from cohorte.steps.gate import gate
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "gate", layer):
        result = gate(layer, lake=lake, accept=accept or ())
    print(f"{layer}: {len(result.findings)} expectations met")


@app.command("train")
def train(model: Annotated[str, typer.Argument(help="customer_clusters, coupon_propensity")]) -> None:
    """Train a challenger; promote it when it earns it."""
    from cohorte.lake import Lake
    from cohorte.steps.journal import journal
    from cohorte.steps.train import train

    with Lake.open() as lake, journal(lake, "train", model) as entry:
        result = train(model, lake=lake)
        entry.rows = result.rows
    print(f"{model} {result.version}: {'promoted' if result.is_promoted else 'refused'}, {result.reason}")


@app.command("score")
def score() -> None:
    """Let the promoted models score every customer."""
    from cohorte.lake import Lake
    from cohorte.steps.assign import score
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "score") as entry:
        rows = score(lake=lake)
        entry.rows = sum(rows.values())
    for model, count in rows.items():
        print(f"{model}: {count:,} customers")


@app.command("drift")
def drift() -> None:
    """Compare today's customers with those the champions were trained for."""
    from cohorte.lake import Lake
    from cohorte.steps.drift import check_drift
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "drift"):
        newly = check_drift(lake=lake)
        drifted = lake.rows("select model, feature, stability from ml.drift_result where is_drifted order by all")
    for model, feature, stability in drifted:
        print(f"{model}: {feature} has drifted, PSI {stability:.2f}{' (new)' if model in newly else ''}")
    if not drifted:
        print("no drift")


@app.command("audit")
def audit() -> None:
    """Audit every segment for unequal treatment."""
    from cohorte.lake import Lake
    from cohorte.steps.audit import audit_segments
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "audit") as entry:
        found = audit_segments(lake=lake)
        entry.rows = len(found)
    for audited in found:
        print(f"{audited.subject}: {'; '.join(audited.blocking) or 'nothing that is not waived'}")


@app.command("activate")
def activate(
    sync: Annotated[str, typer.Argument(help="Name of an exposure with meta.sync")],
    approve: Annotated[bool, typer.Option(help="Send what the guard holds; you have looked at it")] = False,
) -> None:
    """Bring one platform in step."""
    from cohorte.orchestration import local

    local.enter()
    from cohorte.lake import Lake
    from cohorte.orchestration.connections import credentials
    from cohorte.steps.activate import ANY, activate, load_syncs
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "activate", sync) as entry:
        syncs = {spec.name: spec for spec in load_syncs(lake.settings.dbt_target / "manifest.json")}
        if sync not in syncs:
            raise ValueError(f"no sync called {sync!r}; there are {', '.join(sorted(syncs))}")
        result = activate(
            syncs[sync], lake=lake, credentials=credentials(syncs[sync].connection), approved=ANY if approve else 0
        )
        entry.rows = result.added + result.updated + result.removed
    print(result)


@app.command("watch")
def watch() -> None:
    """Name the streams that have not been heard of for longer than their source allows."""
    from cohorte.lake import Lake
    from cohorte.steps.journal import journal
    from cohorte.steps.watch import watch

    with Lake.open() as lake, journal(lake, "watch") as entry:
        found = watch(lake=lake)
        entry.rows = len(found)
    for stream in found:
        if stream.state != "fresh":
            print(stream)
    print(f"{sum(stream.state == 'fresh' for stream in found)} of {len(found)} streams are fresh")
    if any(stream.state == "stale" for stream in found):
        raise typer.Exit(1)


@app.command("maintain")
def maintain() -> None:
    """Compact the lake."""
    from cohorte.lake import Lake
    from cohorte.steps.journal import journal
    from cohorte.steps.maintain import maintain

    with Lake.open() as lake, journal(lake, "maintain"):
        print(maintain(lake=lake))


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
