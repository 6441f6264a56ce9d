"""Batches that are text from the start: a wave written by DuckDB, cut into bodies where its bytes lie.

What nobody refuses needs no object for a row: the plan's columns go out as text, and settle as columns.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cohorte.activation.ledger import Outcome
from cohorte.activation.wave import Item, Wave
from cohorte.destinations.base import Audience, Stage, Written, batch_id

if TYPE_CHECKING:
    import pyarrow as pa


class Parcel(Sequence[Item]):
    """A batch as text. Its rows become items as soon as one of them is looked at."""

    def __init__(self, parts: Sequence["pa.Table"]) -> None:
        self._parts = parts
        self._items: list[Item] | None = None
        self.is_accepted = False
        """As a whole, without a word about any of its rows."""

    @property
    def items(self) -> list[Item]:
        if self._items is None:
            self._items = [Item.of(row) for part in self._parts for row in part.to_pylist()]
        return self._items

    @property
    def is_open(self) -> bool:
        return self._items is not None

    def __len__(self) -> int:
        return sum(part.num_rows for part in self._parts)

    def __getitem__(self, place: Any) -> Any:
        return self.items[place]

    def written(self, stage: Stage, audience: Audience) -> Written:
        rows = b"".join(_text(part["written"]) for part in self._parts)
        ids = b"".join(_text(part["id"]) for part in self._parts)
        return Written(stage.name, audience, rows.removesuffix(b","), batch_id(ids))


class TextWave(Wave):
    """Rows between two commits to the ledger, for a destination of one stage that takes them as text."""

    def __init__(self, rows: "pa.Table", stage: Stage) -> None:
        self.parcels = list(parcels(rows, stage.batch))

    def batches(self, stage: Stage) -> Sequence[Parcel]:
        return self.parcels

    def outcomes(self, stages: Sequence[Stage], stopped: str | None) -> list[Outcome]:
        looked_at = (parcel for parcel in self.parcels if not parcel.is_accepted)
        return [item.outcome(stages, stopped) for parcel in looked_at for item in parcel.items]


def parcels(rows: "pa.Table", size: int) -> Iterator[Parcel]:
    """The batches of a wave, as `cohorte.activation.wave.batches` makes them; its removals come last."""
    import pyarrow.compute as pc

    removals = pc.sum(pc.equal(rows["operation"], "remove")).as_py()
    puts = rows.num_rows - removals
    whole = rows.combine_chunks()
    for start in range(0, max(puts, removals), size):
        some = whole.slice(start, max(0, min(size, puts - start)))
        others = whole.slice(puts + start, max(0, min(size, removals - start)))
        yield Parcel([part for part in (some, others) if part.num_rows])


def _text(column: "pa.ChunkedArray") -> bytes:
    """The values of a column of strings, one after the other, as they lie in memory."""
    (array,) = column.chunks
    _, offsets, values = array.buffers()
    places = memoryview(offsets).cast("i")
    first, last = places[array.offset], places[array.offset + len(array)]
    return bytes(memoryview(values)[first:last])
