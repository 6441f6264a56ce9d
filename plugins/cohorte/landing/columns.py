"""Columns that come, go and change their type, fitted to the raw table without losing a value."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cohorte.sources.base import Contract

if TYPE_CHECKING:
    import pyarrow as pa

AS_TEXT = "_as_text"
"""Beside a column whose type changed: the values as they came, where the column's own type cannot hold them."""
STAMPS = ("_load_id", "_loaded_at")


class ContractError(RuntimeError):
    """A stream whose contract is `freeze` came with other columns."""


@dataclass
class Columns:
    """The columns of one raw table: those it has, and those that come."""

    table: str
    known: "pa.Schema"
    """What the table has, plus what this load adds."""
    normalize: Callable[[str], str]
    is_new_table: bool
    is_first_load: bool
    contract: Contract = "evolve"
    reject: Callable[[str, str], None] = lambda reason, record: None
    """Takes what `quarantine` puts aside."""
    came: set[str] = field(default_factory=set)
    """The columns of this load's batches."""
    events: dict[str, None] = field(default_factory=dict)
    """What is worth telling, each once, in order."""

    def fit(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        """The batch in snake_case, with every column the table has, of the type the table has.

        A value that does not fit is null, and is there as text in `<column>_as_text`.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        batch = batch.rename_columns(self._names(batch.schema.names))
        if self.contract != "evolve" and not self.is_first_load:
            batch = self._hold_to_contract(batch)
        columns: dict[str, pa.Array] = {}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            wanted = self._wanted(name, column)
            columns[name] = _cast_each(column, wanted)
            if columns[name].null_count > column.null_count:
                columns[name + AS_TEXT] = pc.if_else(columns[name].is_null(), column.cast(pa.string()), None)
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

    def check_gone(self) -> None:
        """Raises ContractError when a column vanished that the contract holds on to."""
        if self.contract == "freeze" and not self.is_first_load and (gone := self.gone()):
            raise self._broken(f"column {', '.join(gone)} is gone")

    def tell(self, event: str) -> None:
        self.events.setdefault(f"{self.table}: {event}")

    def _hold_to_contract(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        """The batch with the table's columns and types only.

        `freeze`: raises ContractError when it has others; `quarantine`: puts the rows that use them aside.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        reasons: dict[int, str] = {}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            wanted = self._wanted(name, column)
            if name not in self.known.names:
                broken, fits = f"new column {name}", [False] * len(column)
            else:
                fitting = _cast_each(column, wanted)
                if fitting.null_count == column.null_count:
                    continue
                broken, fits = f"{name} comes as {column.type}, the table has {wanted}", fitting.is_valid().to_pylist()
            if self.contract == "freeze":
                raise self._broken(broken)
            for index in pc.indices_nonzero(column.is_valid()).to_pylist():
                if not fits[index]:
                    reasons.setdefault(index, f"contract: {broken}")
        for index, reason in reasons.items():
            self.reject(reason, json.dumps(batch.slice(index, 1).to_pylist()[0], default=str, ensure_ascii=False))
        kept = [name for name in batch.schema.names if name in self.known.names]
        return batch.select(kept).filter(pa.array([at not in reasons for at in range(len(batch))], pa.bool_()))

    def _broken(self, what: str) -> ContractError:
        return ContractError(
            f"{self.table}: {what}, and the stream's contract is freeze. Nothing was landed. If the change is wanted, "
            "let the contract say `evolve` for one load."
        )

    def _wanted(self, name: str, column: "pa.Array") -> "pa.DataType":
        """The table's type, or that of the column; a time without a zone is in UTC."""
        import pyarrow as pa

        index = self.known.get_field_index(name)
        if index >= 0:
            return self.known.field(index).type
        return pa.timestamp("us", "UTC") if pa.types.is_timestamp(column.type) else column.type

    def _names(self, names: list[str]) -> list[str]:
        """In snake_case; of two that become the same, the second gets a number."""
        taken: dict[str, None] = {}
        for name in map(self.normalize, names):
            unique, number = name, 2
            while unique in taken:
                unique, number = f"{name}_{number}", number + 1
            taken[unique] = None
        return list(taken)


def _cast_each(column: "pa.Array", wanted: "pa.DataType") -> "pa.Array":
    """The column as another type, null where a value does not fit: halved until the bad ones stand alone."""
    import pyarrow as pa

    try:
        return column.cast(wanted)
    except pa.ArrowNotImplementedError:
        return pa.nulls(len(column), wanted)
    except pa.ArrowInvalid:
        if len(column) == 1:
            return pa.nulls(1, wanted)
        half = len(column) // 2
        return pa.concat_arrays([_cast_each(column[:half], wanted), _cast_each(column[half:], wanted)])
