"""Records of mixed make as Arrow: a value is never refused and never changed beyond recognition."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def records_to_batch(records: Sequence[Mapping[str, Any]]) -> "pa.RecordBatch":
    """A column a name that any record has with a value; nested values as JSON text."""
    names = {name: None for record in records for name in record}
    return columns_to_batch({name: [record.get(name) for record in records] for name in names})


def columns_to_batch(columns: Mapping[str, Sequence[Any]]) -> "pa.RecordBatch":
    """Columns of one type keep it; others are text. A column without a value says nothing of its type: left out."""
    import pyarrow as pa

    arrays = {name: _array(values) for name, values in columns.items()}
    return pa.RecordBatch.from_pydict({n: array for n, array in arrays.items() if not pa.types.is_null(array.type)})


def _array(values: Sequence[Any]) -> "pa.Array":
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        kinds = {float} if all(abs(value) < 2**53 for value in values if type(value) is int) else set()
    if kinds <= {bool} or kinds <= {int} or kinds <= {float} or kinds <= {str} or kinds <= {date}:
        try:
            return pa.array(values, pa.float64() if kinds == {float} else None)
        except (pa.ArrowInvalid, OverflowError):  # an integer beyond 64 bits
            pass
    if kinds <= {datetime}:
        zoned = [value.tzinfo is not None for value in values if value is not None]
        if all(zoned) or not any(zoned):
            return pa.array(values, pa.timestamp("us", "UTC" if all(zoned) else None))
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)
