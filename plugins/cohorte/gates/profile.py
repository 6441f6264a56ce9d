"""What a table looks like: how many rows, and how its watched columns are distributed. One scan a table.

Numbers are counted between edges that the first accepted run cuts at its quantiles; they are cut again when the rows
have doubled, so that bins stay about as full as one another. Everything else is counted by value.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cohorte.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

BINS = 10
MOST = 30
"""Values told apart; the others count as one."""
OTHER = "(other)"
MISSING = "(null)"

Profile = dict[str, Any]
"""`rows`: by window (`""`: all). `columns`: by name its `counts` by bin, its `rows`, and of a number its `edges`."""


@dataclass(frozen=True)
class Watch:
    """A column to look at, of all rows or of those whose `time` lies in the last `days`."""

    column: str
    time: str | None = None
    days: int | None = None


def window(time: str | None, days: int | None) -> str:
    """How a profile names the rows it looked at."""
    return f"{time}, last {days} days" if time else ""


def take(
    table: str, watched: Collection[Watch], *, lake: Lake, now: datetime, before: Profile | None = None
) -> Profile:
    """The profile of a table as it is. A watch of column "" only counts. before: whose edges to count between."""
    numeric = _numeric(table, watched, lake)
    known = (before or {}).get("columns", {})
    edges: dict[str, list[float] | None] = {
        watch.column: known.get(watch.column, {}).get("edges") for watch in watched if watch.column in numeric
    }
    if uncut := [watch for watch in watched if watch.column in edges and not edges[watch.column]]:
        edges |= _cut(table, uncut, lake, now)
    return _scan(table, watched, edges, lake, now)


def to_keep(
    profile: Profile, before: Profile | None, table: str, watched: Collection[Watch], *, lake: Lake, now: datetime
) -> Profile:
    """What later runs need of a profile: the most frequent values, and edges that still part the rows."""
    known = (before or {}).get("columns", {})
    outgrown = []
    for watch in watched:
        column = profile["columns"].get(watch.column, {})
        if "edges" not in column:
            if column:
                column["counts"] = _most(column["counts"])
            continue
        column["cut_at"] = known.get(watch.column, {}).get("cut_at", column["rows"])
        if column["rows"] >= 2 * max(column["cut_at"], 1):
            outgrown.append(watch)
    if not outgrown:
        return profile
    fresh = _scan(table, outgrown, _cut(table, outgrown, lake, now), lake, now)["columns"]
    for column in fresh.values():
        column["cut_at"] = column["rows"]
    return profile | {"columns": profile["columns"] | fresh}


def _numeric(table: str, watched: Collection[Watch], lake: Lake) -> set[str]:
    import pyarrow.types as kind

    names = [watch.column for watch in watched if watch.column]
    if not names:
        return set()
    schema: pa.Schema = lake.arrow(f"select {', '.join(names)} from {table} limit 0").schema
    return {
        field.name
        for field in schema
        if kind.is_integer(field.type) or kind.is_floating(field.type) or kind.is_decimal(field.type)
    }


def _cut(table: str, watched: Collection[Watch], lake: Lake, now: datetime) -> dict[str, list[float] | None]:
    """Edges at the quantiles. Approximate ones: exact ones would hold the whole column in memory."""
    steps = [round(bin_ / BINS, 6) for bin_ in range(1, BINS)]
    parts = [f"approx_quantile({watch.column}::double, {steps}) filter ({_within(watch)})" for watch in watched]
    (found,) = lake.rows(f"select {', '.join(parts)} from {table}", _moments(watched, now))
    return {watch.column: _edges(cuts or []) for watch, cuts in zip(watched, found, strict=True)}


def _edges(cuts: list[float]) -> list[float]:
    """Six digits part the rows as well, and can be read. A value that fills bins by itself gets one of its own."""
    rounded = [float(f"{cut:.6g}") for cut in cuts]
    below = {math.nextafter(cut, -math.inf) for cut, following in pairwise(rounded) if cut == following}
    return sorted({*rounded, *below})


def _names(edges: list[float]) -> list[str]:
    """What the bins are called: by the value they hold alone, or by their upper end."""
    own = {high for low, high in pairwise(edges) if low == math.nextafter(high, -math.inf)}
    names = [f"{edge:g}" if edge in own else f"to {edge:g}" for edge in edges]
    for place, edge in enumerate(edges[1:]):
        if edge in own:
            names[place] = f"below {edge:g}"
    return [*names, "above"]


def _scan(
    table: str,
    watched: Collection[Watch],
    edges: Mapping[str, list[float] | None],
    lake: Lake,
    now: datetime,
) -> Profile:
    parts, moments = ["count(*)"], []
    for watch in watched:
        within = _within(watch)
        counted = f"count(*) filter ({within})"
        if not watch.column:
            parts += [counted, "null"]
        elif watch.column in edges:
            # The last bin ends nowhere; NaN is no number, and counts as missing with null.
            bins = [*(edges[watch.column] or ()), math.inf]
            value = f"case when not isnan({watch.column}::double) then {watch.column}::double end"
            parts += [counted, f"histogram({value}, {_list(bins)}) filter ({within})"]
        else:
            parts += [counted, f"histogram({watch.column}::varchar) filter ({within})"]
        moments += _moments([watch], now) * 2 if watch.column else _moments([watch], now)
    (found,) = lake.rows(f"select {', '.join(parts)} from {table}", moments)
    profile: Profile = {"rows": {"": found[0]}, "columns": {}}
    for number, watch in enumerate(watched):
        rows, counts = found[1 + 2 * number], found[2 + 2 * number] or {}
        profile["rows"][window(watch.time, watch.days)] = rows
        if not watch.column:
            continue
        column: dict[str, Any] = {"rows": rows, "window": window(watch.time, watch.days)}
        if watch.column in edges:
            column["edges"] = edges[watch.column] or []
            ends = [*column["edges"], math.inf]
            column["counts"] = {
                name: counts.get(end, 0) for name, end in zip(_names(column["edges"]), ends, strict=True)
            }
        else:
            column["counts"] = dict(counts)
        column["counts"][MISSING] = rows - sum(column["counts"].values())
        profile["columns"][watch.column] = column
    return profile


def _within(watch: Watch) -> str:
    return f"where {watch.time} > ?::timestamp - interval {watch.days} day" if watch.time else "where true"


def _moments(watched: Collection[Watch], now: datetime) -> list[datetime]:
    return [now for watch in watched if watch.time]


def _list(numbers: list[float]) -> str:
    return "[" + ", ".join("'infinity'::double" if n == math.inf else f"{n!r}::double" for n in numbers) + "]"


def _most(counts: Mapping[str, int]) -> dict[str, int]:
    named = sorted((item for item in counts.items() if item[0] != MISSING), key=lambda item: (-item[1], item[0]))
    return dict(named[:MOST]) | {OTHER: sum(count for _, count in named[MOST:]), MISSING: counts[MISSING]}
