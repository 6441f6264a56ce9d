"""`cohorte new`: files that work at once, for a person to go on from."""

from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Write what a new source needs.")


class Kind(StrEnum):
    """What a source is made of."""

    api = "api"
    rest = "rest"
    files = "files"
    sql = "sql"


@app.callback()
def group() -> None:
    """Keeps `source` a word of its own: typer would drop the name of an only command."""


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
