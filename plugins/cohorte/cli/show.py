"""How answers are printed: as a table for people, as JSON or CSV for programs."""

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer


class Format(StrEnum):
    """How answers are printed."""

    table = "table"
    json = "json"
    csv = "csv"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print the answer")]


def show(answer: Any, form: Format, limit: int = 100) -> None:
    """Prints a pyarrow Table. `limit`: most rows of a table for people; 0 for all."""
    if form is Format.json:
        print(json.dumps(answer.to_pylist(), default=str, ensure_ascii=False))
    elif form is Format.csv:
        _as_csv(answer)
    else:
        print_table(answer, limit)


def print_table(answer: Any, limit: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for name in answer.column_names:
        table.add_column(name, overflow="fold")
    shown = answer.slice(0, limit) if limit else answer
    for row in _rows(shown):
        table.add_row(*map(_said, row))
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)
    console.print(
        f"{answer.num_rows:,} rows" + (f", the first {limit} shown" if shown.num_rows < answer.num_rows else "")
    )


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _as_csv(answer: Any) -> None:
    import csv

    writer = csv.writer(sys.stdout)
    writer.writerow(answer.column_names)
    writer.writerows(_rows(answer))


def _rows(answer: Any) -> Iterator[tuple[Any, ...]]:
    """By position: two columns may have one name."""
    return zip(*(column.to_pylist() for column in answer.columns), strict=True)
