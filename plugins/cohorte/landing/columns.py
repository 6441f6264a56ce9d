"""Columns that come, go and change their type, fitted to the raw table without losing a value."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

AS_TEXT = "_as_text"
"""Beside a column whose type changed: the values as they came, where the column's own type cannot hold them."""
STAMPS = ("_load_id", "_loaded_at")


@dataclass
class Columns:
    """The columns of one raw table: those it has, and those that come."""

    table: str
    known: "pa.Schema"
    """What the table has, plus what this load adds."""
    normalize: Callable[[str], str]
    is_new_table: bool
    is_first_load: bool
    came: set[str] = field(default_factory=set)
    """The columns of this load's batches."""
    events: dict[str, None] = field(default_factory=dict)
    """What is worth telling, each once, in order."""

    def fit(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        """The batch in snake_case, with every column the table has, of the type the table has.

        A column with a value that does not fit is null, and is there as text in `<column>_as_text`.
        """
        import pyarrow as pa

        columns: dict[str, pa.Array] = {}
        for name, column in zip(self._names(batch.schema.names), batch.columns, strict=True):
            index = self.known.get_field_index(name)
            wanted = self.known.field(index).type if index >= 0 else column.type
            try:
                columns[name] = column.cast(wanted)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                columns[name] = pa.nulls(len(column), wanted)
                columns[name + AS_TEXT] = column.cast(pa.string())
                self.tell(f"{name} comes as {column.type}, the table has {wanted}: its values are in {name}{AS_TEXT}")
        for name, column in columns.items():
            if name not in self.known.names:
                self.known = self.known.append(pa.field(name, column.type))
                if not self.is_first_load:
                    self.tell(f"new column {name}")
        self.came |= columns.keys()
        # A column the file lacked would count as never null in DuckLake's statistics, and `is null` would find nothing.
        for known in self.known:
            if known.name not in columns and known.name not in STAMPS:
                columns[known.name] = pa.nulls(len(batch), known.type)
        return pa.RecordBatch.from_pydict(columns)

    def gone(self) -> list[str]:
        """What the table has and no batch of this load had."""
        return [n for n in self.known.names if n not in self.came and n not in STAMPS and not n.endswith(AS_TEXT)]

    def tell(self, event: str) -> None:
        self.events.setdefault(f"{self.table}: {event}")

    def _names(self, names: list[str]) -> list[str]:
        """In snake_case; of two that become the same, the second gets a number."""
        taken: dict[str, None] = {}
        for name in map(self.normalize, names):
            unique, number = name, 2
            while unique in taken:
                unique, number = f"{name}_{number}", number + 1
            taken[unique] = None
        return list(taken)
