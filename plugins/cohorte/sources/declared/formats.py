"""Files as Arrow batches. Text stays text: `00123` and `2017-13-45` arrive as they were written; staging casts.

A reader takes what DuckDB opens, the entry's options, who takes rejected records, and a DuckDB connection of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from cohorte.sources.base import BATCH
from cohorte.sources.declared.records import columns_to_batch

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    Batches = Iterator[pa.RecordBatch]
    Reader = Callable[[str, Mapping[str, Any], "Reject", duckdb.DuckDBPyConnection], Batches]

Reject = Callable[[str, str], None]
LONGEST_LINE = 64 << 20
"""Bytes. A longer line is no record; a field beyond what a table takes is put aside later, with its record."""
DIALECT = frozenset({"delim", "quote", "escape", "header", "names", "skip", "encoding", "comment", "nullstr"})
IS_OBJECT = "coalesce(json_valid(line) and json_type(line) = 'OBJECT', false)"
ENDINGS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet", ".xlsx": "excel", ".xls": "excel", ".xlsb": "excel", ".ods": "excel",
}  # fmt: skip


class UnreadableError(ValueError):
    """A file is not what it is said to be."""


def told_by(name: str) -> str:
    """The format a file's ending tells; endings of compressed files are looked through."""
    path = PurePosixPath(name.lower().removesuffix(".gz").removesuffix(".zst"))
    if path.suffix not in ENDINGS:
        raise UnreadableError(f"the ending of {name} tells no format; say `format` in its entry")
    return ENDINGS[path.suffix]


def read_csv(
    address: str, options: Mapping[str, Any], reject: Reject, connection: "duckdb.DuckDBPyConnection"
) -> "Batches":
    """Every column as text. Lines that do not fit the others, or are in another encoding, are rejected."""
    import duckdb

    if unknown := options.keys() - DIALECT:
        raise UnreadableError(f"options: {', '.join(sorted(unknown))} is none of {', '.join(sorted(DIALECT))}")
    said = {"header": True, "quote": '"', "escape": '"'} | dict(options)
    given = ", ".join(f"{name} = {_literal(value)}" for name, value in said.items())
    query = f"from read_csv(?, all_varchar = true, store_rejects = true, max_line_size = {LONGEST_LINE}, {given})"
    try:
        yield from _stream(connection.execute(query, [address]))
    except duckdb.Error as error:
        raise UnreadableError(_first_line(error)) from error
    rejected = "select line, csv_line, error_message from reject_errors order by line"
    for line, text, problem in connection.execute(rejected).fetchall():
        reject(f"line {line}: {problem}", text or "")


def read_json_lines(
    address: str, options: Mapping[str, Any], reject: Reject, connection: "duckdb.DuckDBPyConnection"
) -> "Batches":
    """One object a line. Numbers and booleans keep their type; what is nested, or of mixed types, is JSON text."""
    import duckdb
    import pyarrow as pa

    # A character no JSON text holds as it is keeps the line in one column.
    lines = (
        "select line, row_number() over () as number from read_csv(?, columns = {'line': 'VARCHAR'}, header = false, "
        f"delim = '\\x01', quote = '', escape = '', auto_detect = false, max_line_size = {LONGEST_LINE}, "
        "store_rejects = true)"
    )
    try:
        for batch in _stream(connection.cursor().execute(lines, [address])):
            connection.register("chunk", pa.Table.from_batches([batch]))
            for number, text in connection.execute(f"select number, line from chunk where not {IS_OBJECT}").fetchall():
                reject(f"line {number}: no JSON object", text or "")
            yield from _objects(connection)
    except duckdb.Error as error:
        raise UnreadableError(_first_line(error)) from error


def read_parquet(
    address: str, options: Mapping[str, Any], reject: Reject, connection: "duckdb.DuckDBPyConnection"
) -> "Batches":
    """Columns as the file has them; nested ones as JSON text."""
    import duckdb

    try:
        described = connection.execute("describe from read_parquet(?)", [address]).fetchall()
        nested = [name for name, kind, *_ in described if kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))]
        shown = ", ".join(f"to_json({_name(name)})::varchar as {_name(name)}" for name in nested)
        chosen = f"* replace ({shown})" if nested else "*"
        yield from _stream(connection.execute(f"select {chosen} from read_parquet(?)", [address]))
    except duckdb.Error as error:
        raise UnreadableError(_first_line(error)) from error


def read_excel(
    address: str, options: Mapping[str, Any], reject: Reject, connection: "duckdb.DuckDBPyConnection"
) -> "Batches":
    """One sheet (`sheet`: its name, else the first), whose first row names the columns; empty rows are no records."""
    from io import BytesIO

    from python_calamine import CalamineError, load_workbook

    content = connection.execute("select content from read_blob(?)", [address]).fetchall()[0][0]
    try:
        with load_workbook(BytesIO(content)) as book:
            rows = book.get_sheet_by_name(str(options.get("sheet") or book.sheet_names[0])).to_python()
    except CalamineError as error:
        raise UnreadableError(str(error)) from error
    if not rows:
        return
    names = [str(name).strip() or f"column_{at}" for at, name in enumerate(rows[0], start=1)]
    records = [row for row in rows[1:] if any(value != "" for value in row)]
    columns = {name: [None if row[at] == "" else row[at] for row in records] for at, name in enumerate(names)}
    if len(columns) < len(names):
        raise UnreadableError(f"two columns have the same name: {', '.join(sorted(names))}")
    yield columns_to_batch(columns)


READERS: "dict[str, Reader]" = {
    "csv": read_csv,
    "jsonl": read_json_lines,
    "parquet": read_parquet,
    "excel": read_excel,
}


def _objects(connection: "duckdb.DuckDBPyConnection") -> "Batches":
    """The objects of the lines in `chunk`, a column a name."""
    import json

    objects = f"select line from chunk where {IS_OBJECT}"
    found = connection.execute(f"select json_group_structure(line)::varchar from ({objects})").fetchone()
    structure: dict[str, Any] = json.loads(found[0]) if found and found[0] else {}
    kinds = {"UBIGINT": "BIGINT", "BIGINT": "BIGINT", "HUGEINT": "VARCHAR", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN"}
    columns = []
    for name, kind in structure.items():
        if kind != "NULL":  # a column without a value says nothing of its type
            typed = kinds.get(kind, "VARCHAR") if isinstance(kind, str) else "VARCHAR"
            columns.append(f"(line::json ->> {_literal(_pointer(name))})::{typed} as {_name(name)}")
    if columns:
        yield from _stream(connection.execute(f"select {', '.join(columns)} from ({objects})"))


def _stream(result: "duckdb.DuckDBPyConnection") -> "Batches":
    yield from result.to_arrow_reader(BATCH)


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(_literal(item) for item in value)}]"
    return "'" + str(value).replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
