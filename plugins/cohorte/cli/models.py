"""`cohorte models`: what was trained, why it was promoted, and the way back."""

from pathlib import Path
from typing import Annotated

import typer

from cohorte.cli.show import print_table

app = typer.Typer(no_args_is_help=True, help="The trained models: versions, cards, rollback.")


@app.command("list")
def list_versions(name: Annotated[str | None, typer.Argument(help="One model; default: all")] = None) -> None:
    """Every trained version, newest first, with why it was promoted or refused."""
    from cohorte.lake import Lake

    with Lake.open(read_only=True) as lake:
        print_table(
            lake.arrow(
                """select model, version, algorithm, is_promoted, reason, trained_at from ml.model_version
                where model = coalesce(?, model) order by model, trained_at desc""",
                [name],
            ),
            50,
        )


@app.command("card")
def card(
    name: Annotated[str, typer.Argument(help="e.g. coupon_propensity")],
    to: Annotated[str, typer.Option(help="Where to write the page")] = "card.html",
    version: Annotated[str | None, typer.Option(help="Default: the champion")] = None,
) -> None:
    """The model card as one HTML page."""
    from cohorte.settings import get_settings
    from cohorte.steps import registry

    Path(to).write_text(registry.card(name, version=version, settings=get_settings()))
    print(to)


@app.command("reproduce")
def reproduce(
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


@app.command("rollback")
def rollback(
    name: Annotated[str, typer.Argument(help="e.g. coupon_propensity")],
    version: Annotated[str | None, typer.Option(help="Default: the one promoted before")] = None,
) -> None:
    """Make an earlier version the champion again; the next assign_segments scores with it."""
    from cohorte.lake import Lake
    from cohorte.steps.train import rollback

    with Lake.open() as lake:
        print(f"{name}: version {rollback(name, version=version, lake=lake)} is the champion")
