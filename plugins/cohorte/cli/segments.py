"""`cohorte segments` and `cohorte why`: what segments there are, why somebody is in one, and the way back."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cohorte.cli.show import Format, FormatOption, print_table, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cohorte.activation.spec import SyncSpec
    from cohorte.destinations.base import Stage
    from cohorte.segments.predicates import Predicate
    from cohorte.segments.why import Why

app = typer.Typer(no_args_is_help=True, help="Who is cut out of the base, and by which rules.")


@app.command("list")
def list_segments(
    versions: Annotated[bool, typer.Option("--versions", help="Also what they were before")] = False,
    form: FormatOption = Format.table,
) -> None:
    """Every segment: kind, owner, rules, size, and since when it is defined as it is."""
    from cohorte.lake import Lake

    with Lake.open(read_only=True) as lake:
        show(
            lake.arrow(
                """select segment, version, kind, owner, members, rules, valid_from, valid_to,
                    segment in (select segment from segments.pin) and is_current as is_restored
                from segments.definition where is_current or ? order by kind desc, segment, version""",
                [versions],
            ),
            form,
        )


@app.command("diff")
def diff(
    names: Annotated[list[str] | None, typer.Argument(help="Segments to compare; all when none")] = None,
    against: Annotated[str | None, typer.Option(help="A revision of git; default: what is in force")] = None,
    version: Annotated[int | None, typer.Option(help="A version the lake keeps of the segments named")] = None,
) -> None:
    """What the definitions on disk would change: members, audit, API calls. Markdown, for a pull request."""
    from cohorte.segments.diff import diff as compare
    from cohorte.segments.markdown import render
    from cohorte.settings import get_settings
    from cohorte.steps.activate import load_syncs

    if version is not None and (against or not names):
        raise ValueError("--version is of segments that are named, and instead of --against")
    settings = get_settings()
    syncs = load_syncs(settings.dbt_target / "manifest.json")
    print(
        render(compare(names or [], settings=settings, syncs=syncs, stages=_stages, revision=against, version=version))
    )


@app.command("restore")
def restore(
    name: Annotated[str, typer.Argument(help="One of `cohorte segments list`")],
    at: Annotated[str | None, typer.Option(help="A business time, e.g. 2017-11-30 or 2017-11-30T18:00 (UTC)")] = None,
    release: Annotated[bool, typer.Option("--release", help="Let the SELECT decide again")] = False,
) -> None:
    """Bring back who was in a segment, until it is released. Sends nothing: the next runs do, as ever."""
    from cohorte.segments import restore as restoring
    from cohorte.settings import get_settings

    if (at is None) == (not release):
        raise ValueError("say where to: --at TIME, or --release to go back to what the SELECT says")
    if at is None:
        print(f"{name} is released: {restoring.release(name, settings=get_settings()):,} members were pinned")
    else:
        found = restoring.restore(name, at, settings=get_settings())
        state = "is restored" if found.is_new else "was restored already"
        print(
            f"{name} {state} to {found.moment.time} UTC (snapshot {found.moment.snapshot}): {found.members:,} members"
        )
        print(f"against now: {found.entering:,} come back, {found.leaving:,} go", end="")
        print(f"; {found.gone:,} are no customers any more" if found.gone else "")
    print(
        "assign_segments makes it so, then activate_segments sends the difference. At once: cohorte run build segments"
    )


def why(
    customer: Annotated[str, typer.Argument(help="A customer_id, or an e-mail address")],
    segment: Annotated[str, typer.Argument(help="One of `cohorte segments list`")],
    at: Annotated[str | None, typer.Option(help="A business time, e.g. 2017-11-30 or 2017-11-30T18:00 (UTC)")] = None,
    form: FormatOption = Format.table,
) -> None:
    """Why a customer is in a segment, or is not: each predicate with its values, and what made the difference."""
    from cohorte.segments.why import why as ask
    from cohorte.settings import get_settings

    found = ask(customer, segment, settings=get_settings(), at=at)
    if form is Format.json:
        print(json.dumps(asdict(found), default=str, ensure_ascii=False))
    elif form is Format.csv:
        show(_predicates(found.predicates + found.rules), form)
    else:
        _tell(found)


def _stages(sync: "SyncSpec") -> "Sequence[Stage]":
    """The calls of a sync's destination; those of some depend on the connection."""
    from contextlib import closing

    from cohorte import destinations
    from cohorte.orchestration import local

    kind = destinations.kind(sync.destination)
    if hasattr(kind, "stages"):
        return kind.stages
    from cohorte.orchestration.connections import credentials

    local.enter()
    with closing(destinations.get(sync.destination, credentials(sync.connection))) as platform:
        return platform.stages


def _tell(found: "Why") -> None:
    import pyarrow as pa

    state = f"is in {found.segment} since {found.since}" if found.is_member else f"is not in {found.segment}"
    print(f"{found.customer_id} {state}")
    print(f"definition version {found.version}, built {found.moment.time} UTC, snapshot {found.moment.snapshot}")
    if found.is_stale:
        print("The lake has changed since: the next build will decide otherwise.")
    print_table(_predicates(found.predicates + found.rules), 0)
    if found.holdout:
        print(found.holdout)
    for score in found.scores:
        because = "; ".join(map(str, score.reasons)) or "nothing it can name"
        print(f"{score.model} version {score.version}: {score.label}, {_said(score.score)}, because {because}")
    if found.flips:
        rows = [
            {
                "what": f.what,
                "at": str(f.happened_at),
                "snapshot": f.snapshot,
                "by": f.run,
                "after loading": list(f.loads) or (["nothing of theirs"] if f.snapshot else []),
            }
            for f in found.flips
        ]
        print_table(pa.Table.from_pylist(rows), 0)
    for difference in found.differences:
        print(f"what made the difference: {_difference(difference.before, difference.after)}")


def _difference(before: "Predicate | None", after: "Predicate | None") -> str:
    if after is None:
        return f"no longer asked for: {before.of}: {before.text}" if before else ""
    if before is None:
        return f"new: {after.of}: {after.text} ({_values(after.values) or _met(after)})"
    values = (_values(p.values) or _met(p) for p in (before, after))
    return f"{after.of}: {after.text} ({'; then '.join(values)})"


def _predicates(found: "list[Predicate]") -> Any:
    import pyarrow as pa

    return pa.Table.from_pylist(
        [
            {
                "of": p.of,
                "predicate": p.text,
                "met": _met(p),
                "values": _values(p.values),
            }
            for p in found
        ]
    )


def _met(predicate: "Predicate") -> str:
    return "unknown" if predicate.is_met is None else "yes" if predicate.is_met else "no"


def _values(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {_said(value)}" for name, value in values.items())


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "null" if value is None else str(value)
