"""`cohorte`: every step from a shell, SQL over the lake, dbt on the lake, the sandbox.

Imports wait inside the commands: `cohorte --help` loads neither Airflow nor dbt.
"""

import sys
from typing import Annotated, NoReturn

import typer

from cohorte.cli import models, new, platforms, privacy, run, sandbox, segments
from cohorte.cli.show import Format, FormatOption, show

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Cohorte, the open audience platform.")
app.add_typer(run.app, name="run")
app.add_typer(models.app, name="models")
app.add_typer(new.app, name="new")
app.add_typer(platforms.sources, name="sources")
app.add_typer(platforms.destinations, name="destinations")
app.add_typer(platforms.sync, name="sync")
app.add_typer(segments.app, name="segments")
app.add_typer(sandbox.app, name="sandbox")
app.command("why")(segments.why)
app.command("erase")(privacy.erase)
app.command("export")(privacy.export)


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
    query: Annotated[str, typer.Argument(help='One SELECT, e.g. "select * from segments.definition where is_current"')],
    form: FormatOption = Format.table,
    limit: Annotated[int, typer.Option(help="Most rows to print as a table; 0 for all")] = 100,
    live: Annotated[
        bool, typer.Option("--live", help="As it is now, also what is half-built or failed its gate")
    ] = False,
) -> None:
    """Answer a SELECT over the lake as last published; never blocks a run, never writes.

    Questions to ops and activation, the journals, are answered as of now.
    """
    from cohorte.query import select

    show(select(query, live=live), form, limit)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def dbt(context: typer.Context) -> None:
    """Run any dbt command against the lake, e.g. `cohorte dbt docs generate`."""
    from cohorte.steps.build import run_dbt

    results = run_dbt(context.args, quiet=False)
    if any(str(result.status) in ("error", "fail", "runtime error") for result in results):
        raise typer.Exit(1)


@app.command()
def doctor(
    only: Annotated[list[str] | None, typer.Argument(help="Sources or destinations; all of them when none")] = None,
    form: FormatOption = Format.table,
) -> None:
    """Ask every connection: token, scopes, quota left, clock. Says what to do; fails when something is broken."""
    from cohorte.orchestration import local

    local.enter()
    import pyarrow as pa

    from cohorte.cli.platforms import examine

    found = examine(only or [])
    rows = [
        {
            "state": item.finding.state,
            "connection": item.connection,
            "used_by": item.used_by,
            "what": item.finding.what,
            "said": item.finding.said,
            "next_move": item.finding.next_move,
        }
        for item in found
    ]
    show(pa.Table.from_pylist(rows), form, 0)
    if any(item.finding.state == "failure" for item in found):
        raise typer.Exit(1)


@app.command("why-linked")
def why_linked(
    a: Annotated[str, typer.Argument(help="A record (of int_identity__record), or a customer")],
    b: Annotated[str, typer.Argument(help="Another one")],
) -> None:
    """Why two records are one person: every link between them, and what each field spoke for. No personal data."""
    from rich.console import Console
    from rich.table import Table

    from cohorte.lake import Lake
    from cohorte.steps.explain import cut_between
    from cohorte.steps.explain import why_linked as step

    with Lake.open(read_only=True) as lake:
        found = step(a, b, lake=lake)
        cut = [] if found else cut_between(a, b, lake=lake)
    if not found:
        print(f"{a} and {b} are not linked: no way leads from one to the other")
        for apart in cut:
            print(f"{apart.a} and {apart.b}: {apart.because} ({apart.probability:.4f}). Not followed: {apart.cut}")
        return
    table = Table("record", "record", "probability", "because", "for and against, in bits")
    for link in found:
        weights = sorted(link.weights.items(), key=lambda item: -abs(item[1]))
        said = ", ".join(f"{field} {weight:+.1f}" for field, weight in weights)
        table.add_row(link.a, link.b, f"{link.probability:.4f}", link.because, said)
    (Console() if sys.stdout.isatty() else Console(width=160)).print(table)


def _fail(message: str) -> NoReturn:
    print(f"cohorte: {message}", file=sys.stderr)
    raise SystemExit(1)
