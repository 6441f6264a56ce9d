"""`cohorte`: every step from a shell, SQL over the lake, dbt on the lake, the sandbox.

Imports wait inside the commands: `cohorte --help` loads neither Airflow nor dbt.
"""

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Cohorte, the open audience platform.")
run = typer.Typer(no_args_is_help=True, help="Run one step, as the DAGs do.")
sandbox = typer.Typer(no_args_is_help=True, help="The stand-ins of the platforms.")
models = typer.Typer(no_args_is_help=True, help="The trained models: versions, cards, rollback.")
app.add_typer(run, name="run")
app.add_typer(models, name="models")
app.add_typer(sandbox, name="sandbox")


class Format(StrEnum):
    """How answers are printed."""

    table = "table"
    json = "json"
    csv = "csv"


def main() -> None:
    """The entry point: errors we foresee end in one line, not in a traceback."""
    try:
        app()
    except (RuntimeError, ValueError, KeyError, OSError) as error:
        _fail(str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error))


@app.command()
def prepare() -> None:
    """Create the lake's schemas and the platform's own tables; safe to repeat."""
    from cohorte.orchestration.local import prepare
    from cohorte.settings import get_settings

    prepare(get_settings())


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help='One SELECT, e.g. "select * from segments.definition"')],
    form: Annotated[Format, typer.Option("--format", help="How to print the answer")] = Format.table,
    limit: Annotated[int, typer.Option(help="Most rows to print as a table; 0 for all")] = 100,
) -> None:
    """Answer a SELECT over the lake; never blocks a run, never writes."""
    from cohorte.query import select

    answer = select(query)
    if form is Format.json:
        print(json.dumps(answer.to_pylist(), default=str, ensure_ascii=False))
    elif form is Format.csv:
        _print_csv(answer)
    else:
        _print_table(answer, limit)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def dbt(context: typer.Context) -> None:
    """Run any dbt command against the lake, e.g. `cohorte dbt docs generate`."""
    from cohorte.steps.build import run_dbt

    results = run_dbt(context.args, quiet=False)
    if any(str(result.status) in ("error", "fail", "runtime error") for result in results):
        raise typer.Exit(1)


@run.command("land")
def run_land(
    source: Annotated[str, typer.Argument(help="salesforce, google_analytics, meta")],
    since: Annotated[datetime | None, typer.Option(help="Backfill from here; the cursor stays where it is")] = None,
    until: Annotated[datetime | None, typer.Option(help="Backfill up to here (default: now)")] = None,
) -> None:
    """Land what is new in a source, or a window of the past."""
    from cohorte import clock, sources
    from cohorte.lake import Lake
    from cohorte.orchestration.connections import credentials
    from cohorte.sources.base import Window
    from cohorte.steps.journal import journal
    from cohorte.steps.land import land

    with Lake.open() as lake, journal(lake, "land", source) as entry:
        window = None
        if since or until:
            window = Window(_utc(since), _utc(until) or clock.now(lake.settings))
        result = land(sources.get(source, credentials(f"{source}_default")), window, lake=lake, progress=entry.say)
        entry.rows = sum(result.rows.values())
        for stream, rows in result.rows.items():
            print(f"{source}.{stream}: {rows:,} rows")


@run.command("build")
def run_build(
    layer: Annotated[str, typer.Argument(help="staging, intermediate, marts, features, segments")],
    full_refresh: Annotated[bool, typer.Option(help="Rebuild from scratch")] = False,
) -> None:
    """Build and test one layer of the dbt project."""
    from cohorte.lake import Lake
    from cohorte.steps.build import build
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "build", layer):
        result = build(layer, settings=lake.settings, full_refresh=full_refresh)
    print(f"{layer}: {result.models} models built, {result.tests} tests passed")


@run.command("gate")
def run_gate(layer: Annotated[str, typer.Argument(help="staging, marts, features, segments")]) -> None:
    """Check a layer against its expectations."""
    from cohorte.lake import Lake
    from cohorte.steps.gate import gate
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "gate", layer):
        result = gate(layer, lake=lake)
    print(f"{layer}: {len(result.findings)} expectations met")


@run.command("train")
def run_train(model: Annotated[str, typer.Argument(help="customer_clusters, coupon_propensity")]) -> None:
    """Train a challenger; promote it when it earns it."""
    from cohorte.lake import Lake
    from cohorte.steps.journal import journal
    from cohorte.steps.train import train

    with Lake.open() as lake, journal(lake, "train", model) as entry:
        result = train(model, lake=lake)
        entry.rows = result.rows
    print(f"{model} {result.version}: {'promoted' if result.is_promoted else 'refused'}, {result.reason}")


@run.command("score")
def run_score() -> None:
    """Let the promoted models score every customer."""
    from cohorte.lake import Lake
    from cohorte.steps.assign import score
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "score") as entry:
        rows = score(lake=lake)
        entry.rows = sum(rows.values())
    for model, count in rows.items():
        print(f"{model}: {count:,} customers")


@run.command("drift")
def run_drift() -> None:
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


@run.command("audit")
def run_audit() -> None:
    """Audit every segment for unequal treatment."""
    from cohorte.lake import Lake
    from cohorte.steps.audit import audit_segments
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "audit") as entry:
        found = audit_segments(lake=lake)
        entry.rows = len(found)
    for audited in found:
        print(f"{audited.subject}: {'; '.join(audited.blocking) or 'nothing that is not waived'}")


@run.command("activate")
def run_activate(
    sync: Annotated[str, typer.Argument(help="Name of an exposure with meta.sync")],
    approve: Annotated[bool, typer.Option(help="Send what the guard holds; you have looked at it")] = False,
) -> None:
    """Bring one platform in step."""
    from cohorte.lake import Lake
    from cohorte.orchestration.connections import credentials
    from cohorte.steps.activate import activate, load_syncs
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "activate", sync) as entry:
        syncs = {spec.name: spec for spec in load_syncs(lake.settings.dbt_target / "manifest.json")}
        if sync not in syncs:
            raise ValueError(f"no sync called {sync!r}; there are {', '.join(sorted(syncs))}")
        result = activate(syncs[sync], lake=lake, credentials=credentials(syncs[sync].connection), approved=approve)
        entry.rows = result.added + result.updated + result.removed
    print(result)


@run.command("maintain")
def run_maintain() -> None:
    """Compact the lake."""
    from cohorte.lake import Lake
    from cohorte.steps.journal import journal
    from cohorte.steps.maintain import maintain

    with Lake.open() as lake, journal(lake, "maintain"):
        print(maintain(lake=lake))


@app.command("why-linked")
def why_linked(
    a: Annotated[str, typer.Argument(help="A record (of int_identity__record), or a customer")],
    b: Annotated[str, typer.Argument(help="Another one")],
) -> None:
    """Why two records are one person: every link between them, and what each field spoke for. No personal data."""
    from rich.console import Console
    from rich.table import Table

    from cohorte.lake import Lake
    from cohorte.steps.explain import why_linked as step

    with Lake.open(read_only=True) as lake:
        found = step(a, b, lake=lake)
    if not found:
        print(f"{a} and {b} are not linked: no way leads from one to the other")
        return
    table = Table("record", "record", "probability", "because", "for and against, in bits")
    for link in found:
        weights = sorted(link.weights.items(), key=lambda item: -abs(item[1]))
        said = ", ".join(f"{field} {weight:+.1f}" for field, weight in weights)
        table.add_row(link.a, link.b, f"{link.probability:.4f}", link.because, said)
    (Console() if sys.stdout.isatty() else Console(width=160)).print(table)


@models.command("list")
def models_list(name: Annotated[str | None, typer.Argument(help="One model; default: all")] = None) -> None:
    """Every trained version, newest first, with why it was promoted or refused."""
    from cohorte.lake import Lake

    with Lake.open(read_only=True) as lake:
        _print_table(
            lake.arrow(
                """select model, version, algorithm, is_promoted, reason, trained_at from ml.model_version
                where model = coalesce(?, model) order by model, trained_at desc""",
                [name],
            ),
            50,
        )


@models.command("card")
def models_card(
    name: Annotated[str, typer.Argument(help="e.g. coupon_propensity")],
    to: Annotated[str, typer.Option(help="Where to write the page")] = "card.html",
    version: Annotated[str | None, typer.Option(help="Default: the champion")] = None,
) -> None:
    """The model card as one HTML page."""
    from cohorte.settings import get_settings
    from cohorte.steps import registry

    Path(to).write_text(registry.card(name, version=version, settings=get_settings()))
    print(to)


@models.command("reproduce")
def models_reproduce(
    name: Annotated[str, typer.Argument(help="e.g. coupon_propensity")],
    version: Annotated[str, typer.Argument(help="Its number, see `cohorte models list`")],
) -> None:
    """Train a version again from its own snapshot of the lake, and compare the two answer by answer."""
    from cohorte.lake import Lake
    from cohorte.steps.train import reproduce

    with Lake.open() as lake:
        recorded, again = reproduce(name, version, lake=lake)
    if recorded != again:
        raise RuntimeError(f"{name} {version} is not what it was: fingerprint {again}, recorded {recorded}")
    print(f"{name} {version}: the same, bit for bit (fingerprint {again[:16]})")


@models.command("rollback")
def models_rollback(
    name: Annotated[str, typer.Argument(help="e.g. coupon_propensity")],
    version: Annotated[str | None, typer.Option(help="Default: the one promoted before")] = None,
) -> None:
    """Make an earlier version the champion again; the next assign_segments scores with it."""
    from cohorte.lake import Lake
    from cohorte.steps.train import rollback

    with Lake.open() as lake:
        print(f"{name}: version {rollback(name, version=version, lake=lake)} is the champion")


@sandbox.command("serve", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox_serve(context: typer.Context) -> None:
    """Run the stand-ins alone; `cohorte sandbox serve --help` lists the options."""
    import os

    # Another process: the platform does not import what stands in for its platforms.
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", "serve", *context.args])  # noqa: S606


@sandbox.command("advance")
def sandbox_advance(days: Annotated[float, typer.Argument(help="Days to move the sandbox's clock on")] = 1) -> None:
    """Let time pass on the platforms."""
    import httpx

    from cohorte.orchestration.local import find_sandbox
    from cohorte.settings import get_settings

    running = find_sandbox(get_settings())
    if running is None:
        raise RuntimeError("no sandbox is running. Start it with `make up` or `cohorte sandbox serve`.")
    print(httpx.post(running.clock_url, json={"advance_days": days}, timeout=60).raise_for_status().json()["now"])


def _print_table(answer: Any, limit: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for name in answer.column_names:
        table.add_column(name, overflow="fold")
    shown = answer.slice(0, limit) if limit else answer
    for row in shown.to_pylist():
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)
    console.print(
        f"{answer.num_rows:,} rows" + (f", the first {limit} shown" if shown.num_rows < answer.num_rows else "")
    )


def _print_csv(answer: Any) -> None:
    import csv

    writer = csv.writer(sys.stdout)
    writer.writerow(answer.column_names)
    writer.writerows(row.values() for row in answer.to_pylist())


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _fail(message: str) -> NoReturn:
    print(f"cohorte: {message}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    main()
