"""Rows no table can use, whatever the platform: put aside before they land."""

import json
from typing import TYPE_CHECKING

from cohorte.sources.base import Source, Stream

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_TEXT = 1 << 20
"""Bytes. No platform's text field is longer; more is a broken quote that swallowed what came after."""


def put_aside(batch: "pa.RecordBatch", source: Source, stream: Stream) -> "pa.RecordBatch":
    """The batch without rows that lack their key, hold a NUL character or a text beyond LONGEST_TEXT.

    Those are rejected, as JSON, with the reason.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    reasons: dict[int, str] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if name in stream.key and column.null_count:
            _note(reasons, pc.is_null(column), f"{name}: no key")
        if pa.types.is_string(column.type):
            if (pc.max(pc.binary_length(column)).as_py() or 0) > LONGEST_TEXT:
                _note(reasons, pc.greater(pc.binary_length(column), LONGEST_TEXT), f"{name}: longer than 1 MiB")
            has_nul = pc.match_substring(column, "\x00")
            if pc.any(has_nul).as_py():
                _note(reasons, has_nul, f"{name}: NUL character")
    for index, reason in reasons.items():
        record = batch.slice(index, 1).to_pylist()[0]
        source.reject(stream, reason, json.dumps(record, default=str, ensure_ascii=False))
    return batch.filter(pa.array([index not in reasons for index in range(len(batch))])) if reasons else batch


def _note(reasons: dict[int, str], is_bad: "pa.BooleanArray", reason: str) -> None:
    import pyarrow.compute as pc

    for index in pc.indices_nonzero(pc.fill_null(is_bad, False)).to_pylist():
        reasons.setdefault(index, reason)
