"""CSV to Arrow: every record is either there, with its type, or put aside with the reason."""

import csv
import io
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorte.sources.csv_arrow import read_csv

TYPES = {
    "id": pa.string(),
    "changed": pa.timestamp("us", "UTC"),
    "born": pa.date32(),
    "amount": pa.float64(),
    "deleted": pa.bool_(),
}
GOOD = b'"1","2017-11-30T23:59:59.000Z","1980-02-29","-3.50","true"\n'


def read(data: bytes) -> tuple[list[dict[str, object]], list[tuple[str, str]]]:
    rejected: list[tuple[str, str]] = []
    batch = read_csv(data, TYPES, lambda reason, record: rejected.append((reason, record)))
    assert batch.schema == pa.schema(TYPES.items())
    return batch.to_pylist(), rejected


def test_values_have_their_types_and_an_empty_one_is_null() -> None:
    rows, rejected = read(GOOD + b'"2","","","",""\n')
    assert rows == [
        {
            "id": "1",
            "changed": datetime(2017, 11, 30, 23, 59, 59, tzinfo=UTC),
            "born": date(1980, 2, 29),
            "amount": -3.5,
            "deleted": True,
        },
        {"id": "2", "changed": None, "born": None, "amount": None, "deleted": None},
    ]
    assert rejected == []


def test_nothing_is_an_empty_batch_with_the_columns() -> None:
    assert read(b"") == ([], [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'"2","yesterday","","",""\n', "changed"),
        (b'"2","","1981-02-29","",""\n', "born"),
        (b'"2","","","twelve",""\n', "amount"),
        (b'"2","","","1_000",""\n', "amount"),
        (b'"2","","","","perhaps"\n', "deleted"),
        (b'"caf\xe9","","","",""\n', "id"),
        (b'"2","",""\n', "3 columns instead of 5"),
    ],
)
def test_a_bad_record_is_put_aside_and_the_others_stay(line: bytes, reason: str) -> None:
    rows, rejected = read(GOOD + line + GOOD.replace(b'"1"', b'"3"'))
    assert [row["id"] for row in rows] == ["1", "3"]
    assert rows[1]["amount"] == -3.5
    assert len(rejected) == 1
    assert reason in rejected[0][0]


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=8))
def test_text_comes_through_whatever_is_in_it(records: list[tuple[str, str]]) -> None:
    records = [tuple(value.replace("\r", "") or "x" for value in record) for record in records]  # type: ignore[misc]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(records)
    rejected: list[str] = []
    batch = read_csv(
        text.getvalue().encode(),
        {"a": pa.string(), "b": pa.string()},
        lambda reason, record: rejected.append(reason),
    )
    assert [(row["a"], row["b"]) for row in batch.to_pylist()] == records
    assert rejected == []
