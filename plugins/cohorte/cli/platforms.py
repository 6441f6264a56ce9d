"""`cohorte sources`, `cohorte destinations`, `cohorte sync`: what we talk to, and what we would say."""

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from cohorte.cli.show import Format, FormatOption, print_table, show

if TYPE_CHECKING:
    from cohorte.steps.examine import Examined

sources = typer.Typer(no_args_is_help=True, help="Where data comes from.")
destinations = typer.Typer(no_args_is_help=True, help="Where audiences go.")
sync = typer.Typer(no_args_is_help=True, help="Audiences on their way to a platform.")


@sources.callback()
@destinations.callback()
@sync.callback()
def group() -> None:
    """Keeps `list` a word of its own: typer would drop the name of an only command."""


@sources.command("list")
def list_sources(form: FormatOption = Format.table) -> None:
    """Every source: its streams, how it is called, and the contract its stand-in is checked against."""
    import pyarrow as pa

    from cohorte.landing import catalog
    from cohorte.settings import get_settings

    settings = get_settings()
    rows = [
        {
            "name": name,
            "streams": [stream.name for stream in catalog.streams(name, settings)],
            "auth": list((about := catalog.about(name, settings)).auth),
            "contract": about.contract,
        }
        for name in catalog.names(settings)
    ]
    show(pa.Table.from_pylist(rows), form)


@destinations.command("list")
def list_destinations(form: FormatOption = Format.table) -> None:
    """Every destination: its modes, how it is called, and the contract its stand-in is checked against."""
    import pyarrow as pa

    from cohorte.destinations import NAMES, kind

    kinds = [kind(name) for name in NAMES]
    rows = [
        {
            "name": kind.name,
            "modes": list(kind.about.modes),
            "auth": list(kind.about.auth),
            "can_clear": kind.can_clear,
            "can_forget": kind.can_forget,
            "contract": kind.about.contract,
        }
        for kind in kinds
    ]
    show(pa.Table.from_pylist(rows), form)


def examine(only: list[str]) -> "list[Examined]":
    """What the doctor finds: every source, and every destination that a sync uses. Raises ValueError for a stranger."""
    from cohorte.landing import catalog
    from cohorte.orchestration.connections import credentials
    from cohorte.settings import get_settings
    from cohorte.steps.activate import load_syncs
    from cohorte.steps.examine import examine_destinations, examine_sources

    settings = get_settings()
    manifest = settings.dbt_target / "manifest.json"
    syncs = load_syncs(manifest) if manifest.exists() else []
    used = sorted({(spec.destination, spec.connection) for spec in syncs})
    known = {*catalog.names(settings), *(name for name, _ in used)}
    if strangers := sorted(set(only) - known):
        raise ValueError(f"no source or destination in use is called {', '.join(strangers)}; there are {sorted(known)}")
    wanted = set(only) or known
    return [
        *examine_sources([name for name in catalog.names(settings) if name in wanted], settings, credentials),
        *examine_destinations([pair for pair in used if pair[0] in wanted], credentials),
    ]


@sync.command("list")
def list_syncs(form: FormatOption = Format.table) -> None:
    """Every declared sync, and how its last run went."""
    from cohorte.lake import Lake
    from cohorte.steps.activate import load_syncs

    with Lake.open(read_only=True) as lake:
        declared = load_syncs(lake.settings.dbt_target / "manifest.json")
        values = ", ".join("(?, ?, ?, ?)" for _ in declared)
        named = [
            word for s in declared for word in (s.name, f"{s.destination}: {s.audience}", ", ".join(s.segments), s.mode)
        ]
        answer = lake.arrow(
            f"""
            select name, audience, segments, mode, run.state, run.acknowledged, run.pending, run.message, run.started_at
            from (values {values}) as declared(name, audience, segments, mode)
            left join (
                select * from activation.sync_run
                qualify row_number() over (partition by sync order by sync_run_id desc) = 1
            ) as run on run.sync = declared.name
            order by name
            """,
            named,
        )
    show(answer, form)


@sync.command("plan")
def plan(
    name: Annotated[str, typer.Argument(help="Name of an exposure with meta.sync")],
    samples: Annotated[int, typer.Option(help="Customers to show of each kind")] = 3,
) -> None:
    """What the next run would do, and what it would cost; sends nothing. Customers by id, without personal data."""
    from cohorte.orchestration import local

    local.enter()
    from cohorte import destinations as platforms
    from cohorte.lake import Lake
    from cohorte.orchestration.connections import credentials
    from cohorte.steps.activate import load_syncs, preview
    from cohorte.steps.examine import examine_destinations

    with Lake.open(read_only=True) as lake:
        syncs = {spec.name: spec for spec in load_syncs(lake.settings.dbt_target / "manifest.json")}
        if name not in syncs:
            raise ValueError(f"no sync called {name!r}; there are {', '.join(sorted(syncs))}")
        with closing(platforms.get(syncs[name].destination, credentials(syncs[name].connection))) as platform:
            found = preview(syncs[name], lake=lake, destination=platform, samples=samples)
    wanted = found.plan
    there = f"{wanted.acknowledged:,} on the platform, {wanted.unchanged:,} of them as they should be"
    print(f"{name}: {wanted.wanted:,} members, {there}")
    if found.rows.num_rows:
        print_table(found.rows, 0)
        print(f"at least {found.least_calls:,} API calls")
        asked = examine_destinations([(syncs[name].destination, syncs[name].connection)], credentials)
        for item in asked:
            if item.finding.what == "quota":
                print(f"quota: {item.finding.said}")
    else:
        print("nothing to send")
    for reason, count in sorted(wanted.left_out.items()):
        print(f"left out, {reason}: {count:,}")
    if found.held:
        print(f"held: {found.held}")
