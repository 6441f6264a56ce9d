"""`cohorte new`: files that work at once, for a person to go on from."""

from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Write what a new source or segment needs.")


class Kind(StrEnum):
    """What a source is made of."""

    api = "api"
    rest = "rest"
    files = "files"
    sql = "sql"


class SegmentKind(StrEnum):
    """What a segment selects on."""

    rule = "rule"
    propensity = "propensity"


@app.command("source")
def source(
    name: Annotated[str, typer.Argument(help="In snake_case, e.g. loyalty_app")],
    stream: Annotated[str, typer.Option(help="Its first kind of record, in the singular")] = "record",
    kind: Annotated[Kind, typer.Option(help="A module of its own, or one that is declared")] = Kind.api,
) -> None:
    """Module or declaration, staging, gate, DAG, stand-in and tests of a source: all of it passes at once."""
    from cohorte.scaffold import new_source
    from cohorte.settings import ROOT

    for path in new_source(name, stream, kind.value, ROOT):
        print(path.relative_to(ROOT))
    print(f"\nNext: .venv/bin/pytest -k {name}, then docs/add-a-source.md")


@app.command("segment")
def segment(
    name: Annotated[str, typer.Argument(help="In snake_case, e.g. young_shoppers")],
    kind: Annotated[SegmentKind, typer.Option(help="Features, or what a model says")] = SegmentKind.rule,
) -> None:
    """SELECT, description and unit test of a segment: in the next run, and all of it passes at once."""
    from cohorte.scaffold import new_segment
    from cohorte.settings import ROOT

    for path in new_segment(name, kind.value, ROOT):
        print(path.relative_to(ROOT))
    print(f"\nNext: cohorte segments diff {name}, then docs/runbooks/segments.md")
