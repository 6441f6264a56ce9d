"""`cohorte erase`, `cohorte export`: a person's rights."""

from pathlib import Path
from typing import Annotated

import typer

Email = Annotated[str | None, typer.Option("--email", help="Who: by e-mail address")]
Customer = Annotated[str | None, typer.Option("--customer-id", help="Who: by customer_id")]


def erase(
    email: Email = None,
    customer_id: Customer = None,
    by_hand: Annotated[list[str] | None, typer.Option(help="A sync whose platform you have cleaned yourself")] = None,
) -> None:
    """Erase one person: suppressed, off every platform, out of the lake and its past, with a certificate."""
    from cohorte.orchestration import local

    local.enter()
    from cohorte.lake import Lake
    from cohorte.orchestration.connections import credentials
    from cohorte.steps.erase import erase
    from cohorte.steps.journal import journal

    with Lake.open() as lake, journal(lake, "erase") as entry:
        done = erase(
            lake=lake, credentials=credentials, email=email, customer_id=customer_id, by_hand=tuple(by_hand or ())
        )
        entry.rows = sum(done.certificate["rows_deleted"].values())
    if not done.was_known:
        print("nobody is known by that: nothing was held. Suppressed all the same, in case they arrive later.")
    for sync, note in done.certificate["platforms"].items():
        print(f"{sync}: {note['state']}; deleted there: {note.get('deleted_there', 'by hand')}")
    tables = done.certificate["rows_deleted"]
    print(f"{sum(tables.values()):,} rows of {len(tables)} tables deleted, and nothing found afterwards")
    print(f"certificate: {done.where}")


def export(
    email: Email = None,
    customer_id: Customer = None,
    to: Annotated[Path | None, typer.Option(help="A folder for export.json and a CSV a table")] = None,
) -> None:
    """Everything that is held about one person, with what it is for and where it came from."""
    from cohorte.lake import Lake
    from cohorte.steps.export import export

    with Lake.open(read_only=True) as lake:
        found = export(lake=lake, email=email, customer_id=customer_id)
    if to is None:
        print(found.as_json())
        return
    found.write(to)
    print(f"{sum(held.rows.num_rows for held in found.tables):,} rows of {len(found.tables)} tables: {to}")
