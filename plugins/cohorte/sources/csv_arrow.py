"""CSV to typed Arrow, straight; a record that does not fit is put aside, not dropped."""

import io
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.csv as pa_csv

Reject = Callable[[str, str], None]
"""Called with the reason and the record as text."""
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


def read_csv(data: bytes, types: "Mapping[str, pa.DataType]", reject: Reject) -> "pa.RecordBatch":
    """The records of a CSV text without its header line, columns named and typed by `types`, in that order.

    Types: string, timestamp, date, double, boolean. An empty value is null. These records go to `reject`: a line with
    another number of columns, a value its type cannot hold, and text that is not UTF-8.
    """
    import pyarrow as pa

    ragged: list[pa_csv.InvalidRow] = []
    bad: list[tuple[str, str]] = []
    try:
        table = _parse(data, types, ragged)
    except pa.ArrowInvalid:
        ragged.clear()
        raw = _parse(data, dict.fromkeys(types, pa.binary()), ragged)
        table = _parse(_without_bad_records(raw, types, bad), types, [])
    bad += [(f"{row.actual_columns} columns instead of {row.expected_columns}", row.text) for row in ragged]
    for reason, record in bad:
        reject(reason, record)
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], table.schema)


def _parse(data: bytes, types: "Mapping[str, pa.DataType]", ragged: "list[pa_csv.InvalidRow]") -> "pa.Table":
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    def put_aside(row: "pa_csv.InvalidRow") -> str:
        ragged.append(row)
        return "skip"

    if not data.strip():
        return pa.schema(types.items()).empty_table()
    return pa_csv.read_csv(
        pa.py_buffer(data),
        # One block: no record can be longer than it, and a page becomes one batch.
        read_options=pa_csv.ReadOptions(column_names=list(types), block_size=len(data) + 1),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=put_aside),
        convert_options=pa_csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            true_values=["true"],
            false_values=["false"],
        ),
    )


def _without_bad_records(raw: "pa.Table", types: "Mapping[str, pa.DataType]", bad: list[tuple[str, str]]) -> bytes:
    """The slow way, taken only for a page with a bad value in it: every value is looked at; CSV again."""
    import pyarrow.csv as pa_csv

    reasons: dict[int, str] = {}
    for name, kind in types.items():
        for index, value in enumerate(raw[name].to_pylist()):
            if value is not None and index not in reasons and not _fits(value, kind):
                shown = value[:80].decode(errors="backslashreplace")
                reasons[index] = f"{name}: not a {kind}: {shown!r}"
    for index, reason in reasons.items():
        values = (raw[name][index].as_py() or b"" for name in types)
        bad.append((reason, b",".join(values).decode(errors="backslashreplace")))
    kept = io.BytesIO()
    pa_csv.write_csv(
        raw.take([index for index in range(len(raw)) if index not in reasons]),
        kept,
        pa_csv.WriteOptions(include_header=False, quoting_style="all_valid"),
    )
    return kept.getvalue()


def _fits(value: bytes, kind: "pa.DataType") -> bool:
    import pyarrow as pa

    try:
        text = value.decode()
        if pa.types.is_timestamp(kind):
            datetime.fromisoformat(text)
        elif pa.types.is_date(kind):
            date.fromisoformat(text)
    except ValueError:
        return False
    if pa.types.is_floating(kind):
        return NUMBER.fullmatch(text) is not None
    return text in ("true", "false") if pa.types.is_boolean(kind) else True
