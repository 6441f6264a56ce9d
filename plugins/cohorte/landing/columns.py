"""Columns that come, go and change their type, fitted to the raw table without losing a value."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

AS_TEXT = "_as_text"
"""Beside a column whose type changed: the value as it came, where the column's own type cannot hold it."""


@dataclass
class Columns:
    """The columns of one raw table, as known to the lake and as they come."""

    table: str
    known: pa.Schema
    """What the table has, plus what this load adds."""
    normalize: Callable[[str], str]
    is_new_table: bool
    events: dict[str, None] = field(default_factory=dict)
    """What is worth telling, each once, in order."""

    def fit(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch in snake_case, every column of the type the table has.

        A value that does not fit becomes null there and stays, as text, in `<column>_as_text`.
        """
        columns: dict[str, pa.Array] = {}
        for name, column in zip(map(self.normalize, batch.schema.names), batch.columns, strict=True):
            index = self.known.get_field_index(name)
            wanted = self.known.field(index).type if index >= 0 else column.type
            try:
                columns[name] = column.cast(wanted)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                columns[name] = pa.nulls(len(column), wanted)
                columns[name + AS_TEXT] = column.cast(pa.string())
                self._tell(f"{name} is {column.type} now, was {wanted}; its values are in {name}{AS_TEXT}")
            if index < 0 and not self.is_new_table:
                self._tell(f"new column {name}")
        self._learn(columns)
        return pa.RecordBatch.from_pydict(columns)

    def tell_vanished(self, batch: pa.RecordBatch) -> None:
        """Notes the columns the table has and a fitted batch lacks."""
        own = {*batch.schema.names, "_load_id", "_loaded_at"}
        for name in self.known.names:
            if name not in own and not name.endswith(AS_TEXT):
                self._tell(f"column {name} is gone; it is null from now on")

    def _learn(self, columns: dict[str, pa.Array]) -> None:
        for name, column in columns.items():
            if name not in self.known.names:
                self.known = self.known.append(pa.field(name, column.type))

    def _tell(self, event: str) -> None:
        self.events.setdefault(f"{self.table}: {event}")
