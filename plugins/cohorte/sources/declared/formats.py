"""Files as Arrow batches. Text stays text: `00123` and `2017-13-45` arrive as they were written; staging casts.

A reader takes a file, the entry's options, and who takes rejected records.
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
    Reader = Callable[[str, Mapping[str, Any], "Reject"], Batches]

Reject = Callable[[str, str], None]
QUIET: dict[str, Any] = {"autoinstall_known_extensions": False, "threads": 2}
LONGEST_LINE = 64 << 20
"""Bytes. A longer line is no record; a field beyond what a table takes is put aside later, with its record."""
DELIMITERS = (",", ";", "\t", "|")
DIALECT = frozenset({"delim", "quote", "escape", "header", "names", "skip", "encoding", "comment", "nullstr"})
IS_OBJECT = "case when json_valid(line) then json_type(line) = 'OBJECT' else false end"
AS_LINES = (
    # Delimited by a character that no text holds, a line is one column.
    "read_csv(?, columns = {'line': 'VARCHAR'}, header = false, delim = '\\x01', quote = '', escape = '', "
    f"auto_detect = false, strict_mode = false, max_line_size = {LONGEST_LINE}, store_rejects = true)"
)
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


def read_csv(path: str, options: Mapping[str, Any], reject: Reject) -> "Batches":
    """Every column as text. Lines that do not fit the others, or are in another encoding, are rejected.

    Nothing but the first line is guessed at: what DuckDB guesses from all lines, one broken quote misleads.
    """
    import duckdb

    if unknown := options.keys() - DIALECT:
        raise UnreadableError(f"options: {', '.join(sorted(unknown))} is none of {', '.join(sorted(DIALECT))}")
    connection = duckdb.connect(config=QUIET)
    said: dict[str, Any] = {"header": True, "quote": '"', "escape": '"'} | dict(options)
    try:
        first = _first_line(path, int(said.get("skip", 0)), str(said.get("encoding", "utf-8")), connection)
        said.setdefault("delim", max(DELIMITERS, key=first.count))
        names = said.pop("names", None) or _names(first, said)
        columns = ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in names)
        given = ", ".join(f"{name} = {_literal(value)}" for name, value in said.items())
        query = (
            f"from read_csv(?, columns = {{{columns}}}, {given}, auto_detect = false, store_rejects = true, "
            f"rejects_limit = 0, max_line_size = {LONGEST_LINE})"
        )
        yield from _stream(connection.execute(query, [path]))
    except duckdb.Error as error:
        raise UnreadableError(_first_sentence(error)) from error
    rejected = "select line, csv_line, error_message from reject_errors order by line"
    for line, text, problem in connection.execute(rejected).fetchall():
        reject(f"line {line}: {problem}", text or "")


def read_json_lines(path: str, options: Mapping[str, Any], reject: Reject) -> "Batches":
    """One object a line. Numbers and booleans keep their type; what is nested, or of mixed types, is JSON text."""
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect(config=QUIET)
    lines = f"select line, row_number() over () as number from {AS_LINES}"
    try:
        for batch in _stream(connection.cursor().execute(lines, [path])):
            connection.register("chunk", pa.Table.from_batches([batch]))
            for number, text in connection.execute(f"select number, line from chunk where not {IS_OBJECT}").fetchall():
                reject(f"line {number}: no JSON object", text or "")
            yield from _objects(connection)
    except duckdb.Error as error:
        raise UnreadableError(_first_sentence(error)) from error


def read_parquet(path: str, options: Mapping[str, Any], reject: Reject) -> "Batches":
    """Columns as the file has them; nested ones as JSON text."""
    import duckdb

    connection = duckdb.connect(config=QUIET)
    try:
        described = connection.execute("describe from read_parquet(?)", [path]).fetchall()
        nested = [name for name, kind, *_ in described if kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))]
        shown = ", ".join(f"to_json({_name(name)})::varchar as {_name(name)}" for name in nested)
        chosen = f"* replace ({shown})" if nested else "*"
        yield from _stream(connection.execute(f"select {chosen} from read_parquet(?)", [path]))
    except duckdb.Error as error:
        raise UnreadableError(_first_sentence(error)) from error


def read_excel(path: str, options: Mapping[str, Any], reject: Reject) -> "Batches":
    """One sheet (`sheet`: its name, else the first), whose first row names the columns; empty rows are no records."""
    from python_calamine import CalamineError, load_workbook

    try:
        with load_workbook(path) as book:
            rows = book.get_sheet_by_name(str(options.get("sheet") or book.sheet_names[0])).to_python()
    except CalamineError as error:
        raise UnreadableError(str(error)) from error
    if not rows:
        return
    names = [str(name).strip() or f"column_{at}" for at, name in enumerate(rows[0], start=1)]
    records = [row for row in rows[1:] if any(value != "" for value in row)]
    columns = {name: [None if row[at] == "" else row[at] for row in records] for at, name in enumerate(names)}
    if len(columns) < len(names):
        raise UnreadableError(f"two columns have the same name, of {', '.join(names)}")
    yield columns_to_batch(columns)


READERS: "dict[str, Reader]" = {
    "csv": read_csv,
    "jsonl": read_json_lines,
    "parquet": read_parquet,
    "excel": read_excel,
}


def _objects(connection: "duckdb.DuckDBPyConnection") -> "Batches":
    """The objects of the lines in `chunk`, a column a name."""
    objects = f"select line from chunk where {IS_OBJECT}"
    columns = []
    values = f"from ({objects}), json_each(line) select key, type where type <> 'NULL'"
    keys = f"select key, list(distinct type) from ({values}) group by key order by key"
    for name, kinds in connection.execute(keys).fetchall():
        if {*kinds} <= {"BIGINT", "UBIGINT"}:
            kind = "BIGINT"
        elif {*kinds} <= {"BIGINT", "UBIGINT", "DOUBLE"}:
            kind = "DOUBLE"
        else:
            kind = "BOOLEAN" if kinds == ["BOOLEAN"] else "VARCHAR"
        columns.append(f"(line::json ->> {_literal(_pointer(name))})::{kind} as {_name(name)}")
    if columns:
        yield from _stream(connection.execute(f"select {', '.join(columns)} from ({objects})"))


def _first_line(path: str, skip: int, encoding: str, connection: "duckdb.DuckDBPyConnection") -> str:
    lines = AS_LINES.replace("read_csv(?", f"read_csv(?, encoding = {_literal(encoding)}, skip = {skip}", 1)
    first = connection.execute(f"from {lines} limit 1", [path]).fetchone()
    return str(first[0]).removeprefix("\ufeff") if first else ""


def _names(first: str, said: Mapping[str, Any]) -> list[str]:
    """The columns, from the header; numbered where there is none."""
    import csv

    cells = next(csv.reader([first], delimiter=said["delim"], quotechar=said["quote"] or None), [])
    if not said["header"]:
        return [f"column_{at}" for at in range(1, len(cells) + 1)]
    names = [cell.strip() or f"column_{at}" for at, cell in enumerate(cells, start=1)]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise UnreadableError(f"two columns have the same name: {', '.join(sorted(repeated))}")
    return names


def _stream(result: "duckdb.DuckDBPyConnection") -> "Batches":
    """The batches of a result; the next is read while one is worked on."""
    from concurrent.futures import ThreadPoolExecutor

    reader = result.to_arrow_reader(BATCH)
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(next, reader, None)
        while (batch := coming.result()) is not None:
            coming = ahead.submit(next, reader, None)
            yield batch


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


def _first_sentence(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
