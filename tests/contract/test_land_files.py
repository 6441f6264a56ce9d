"""Files as companies have them, dropped into a folder or a bucket: each version lands once, whole."""

import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from moto.server import ThreadedMotoServer

from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.sources.base import SourceError, Window
from cohorte.sources.declared.base import Declared
from cohorte.sources.declared.files import FileLand, Files
from cohorte.steps.land import LandResult, land

MARCH = datetime(2017, 3, 1, tzinfo=UTC)


def shops(credentials: Credentials, **tables: dict[str, Any]) -> Files:
    streams = (Files.stream(name, FileLand(**entry)) for name, entry in tables.items())
    return Files("shops", tuple(streams), credentials, {})


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


@pytest.fixture(autouse=True)
def _clean(lake: Lake) -> Iterator[None]:
    yield
    lake.execute("drop table if exists raw.shops__store")
    for table in ("load", "quarantine", "bookmark"):
        lake.execute(f"delete from ops.{table} where source = 'shops'")


def bring(lake: Lake, drop: Path, window: Window | None = None, **entry: Any) -> LandResult:
    folder = Credentials(name="shops_default", kind="fs", extra={"path": str(drop)})
    return land(shops(folder, store={"path": "*", **entry}), window, lake=lake)


def rejected(lake: Lake, result: LandResult) -> list[tuple[str, str]]:
    return lake.rows("select reason, record from ops.quarantine where load_id = ? order by all", [result.load_id])


def test_csv_stays_as_it_was_written_and_says_where_it_came_from(lake: Lake, drop: Path) -> None:
    (drop / "north.csv").write_text('id,name,opened\n007,"Ann, Bob & Co",2017-13-45\n8,Zoë,\n')
    os.utime(drop / "north.csv", (MARCH.timestamp(), MARCH.timestamp()))
    assert bring(lake, drop).rows == {"store": 2}
    assert lake.rows("select id, name, opened, _file, _file_modified_at, _row from raw.shops__store order by _row") == [
        ("007", "Ann, Bob & Co", "2017-13-45", "north.csv", MARCH, 1),
        ("8", "Zoë", None, "north.csv", MARCH, 2),
    ]


def test_a_file_lands_once_a_changed_one_again_and_a_late_one_with_an_old_time_too(lake: Lake, drop: Path) -> None:
    (drop / "a.csv").write_text("id\n1\n")
    assert bring(lake, drop).rows == {"store": 1}
    assert bring(lake, drop).rows == {"store": 0}
    (drop / "a.csv").write_text("id\n1\n2\n")
    (drop / "old.csv").write_text("id\n3\n")
    os.utime(drop / "old.csv", (0, 0))
    assert bring(lake, drop).rows == {"store": 3}
    assert lake.rows("select item, load_id = max(load_id) over () from ops.bookmark order by item") == [
        ("a.csv", True),
        ("old.csv", True),
    ]


def test_a_window_lands_again_what_was_modified_within_it_and_notes_nothing(lake: Lake, drop: Path) -> None:
    (drop / "a.csv").write_text("id\n1\n")
    (drop / "b.csv").write_text("id\n2\n")
    os.utime(drop / "a.csv", (MARCH.timestamp(), MARCH.timestamp()))
    window = Window(MARCH, MARCH.replace(day=2))
    assert bring(lake, drop, window).rows == {"store": 1}
    assert bring(lake, drop).rows == {"store": 2}
    assert bring(lake, drop, window).rows == {"store": 1}
    assert bring(lake, drop).rows == {"store": 0}


def test_ragged_lines_and_other_encodings_are_put_aside_with_the_line(lake: Lake, drop: Path) -> None:
    lines = b"id,name\n1,Ann\n2,too,many\n3\n4,Caf\xe9\n5,ok\n"
    (drop / "a.csv").write_bytes(lines)
    result = bring(lake, drop)
    assert lake.rows("select id from raw.shops__store order by id") == [("1",), ("5",)]
    assert result.rows["store"] + result.rejected == lines.count(b"\n") - 1
    assert [reason.split(":")[0] for reason, _ in rejected(lake, result)] == ["line 3", "line 4", "line 5"]
    assert [record for _, record in rejected(lake, result)][:2] == ["2,too,many", "3"]


def test_a_row_without_its_key_with_a_nul_or_endless_text_is_put_aside(lake: Lake, drop: Path) -> None:
    (drop / "a.csv").write_bytes(b"id,note\n1,ok\n,nobody\n3,n\x00ul\n4," + b"x" * (10 << 20) + b"\n")
    result = bring(lake, drop, key=["id"])
    assert lake.rows("select id from raw.shops__store") == [("1",)]
    assert sorted(reason for reason, _ in rejected(lake, result)) == [
        "id: no key",
        "note: NUL character",
        "note: longer than 1 MiB",
    ]


def test_an_unclosed_quote_does_not_swallow_in_silence(lake: Lake, drop: Path) -> None:
    (drop / "a.csv").write_text('id,name\n1,Ann\n2,"open\n3,Bob\n')
    result = bring(lake, drop)
    seen = json.dumps(lake.rows("select id, name from raw.shops__store")) + json.dumps(rejected(lake, result))
    assert all(text in seen for text in ("Ann", "open", "Bob"))


def test_bom_windows_line_ends_and_lines_within_a_field(lake: Lake, drop: Path) -> None:
    (drop / "a.csv").write_bytes(b'\xef\xbb\xbfid,note\r\n1,fine\r\n\r\n2,"two\nlines"\r\n')
    assert bring(lake, drop).rows == {"store": 2}
    assert lake.rows("select id, note from raw.shops__store order by id") == [("1", "fine"), ("2", "two\nlines")]


def test_dialects_are_told_or_guessed(lake: Lake, drop: Path) -> None:
    (drop / "a.csv").write_text("id;name\n1;Ann\n")
    (drop / "b.tsv").write_text("id\tname\n2\tBob\n")
    (drop / "c.csv.gz").write_bytes(gzip.compress(b"id,name\n3,Cid\n"))
    assert bring(lake, drop).rows == {"store": 3}
    assert lake.rows("select id, name from raw.shops__store order by id") == [("1", "Ann"), ("2", "Bob"), ("3", "Cid")]
    (drop / "d.csv").write_bytes("4|Zoë\n".encode("latin-1"))
    options = {"delim": "|", "header": False, "names": ["id", "name"], "encoding": "latin-1"}
    assert bring(lake, drop, path="d.csv", options=options).rows == {"store": 1}
    assert lake.rows("select name from raw.shops__store where id = '4'") == [("Zoë",)]


def test_json_lines_keep_numbers_and_show_nested_values_as_text(lake: Lake, drop: Path) -> None:
    (drop / "a.jsonl").write_text(
        '{"id": 9007199254740993, "open": true, "size": 1.5, "tags": ["a"], "geo": {"lat": 1}, "none": null}\n'
        '{"id": 2, "code": "007"}\nno json\n[1]\n'
    )
    result = bring(lake, drop)
    assert lake.rows("select id, open, size, tags, geo, code from raw.shops__store order by id") == [
        (2, None, None, None, None, "007"),
        (9007199254740993, True, 1.5, '["a"]', '{"lat":1}', None),
    ]
    assert rejected(lake, result) == [("line 3: no JSON object", "no json"), ("line 4: no JSON object", "[1]")]


def test_a_field_of_mixed_types_is_text(lake: Lake, drop: Path) -> None:
    (drop / "a.jsonl").write_text('{"id": 1, "n": 5}\n{"id": 2, "n": "five"}\n{"id": 3, "n": {"is": 5}}\n')
    bring(lake, drop)
    assert [n for (n,) in lake.rows("select n from raw.shops__store order by id")] == ["5", "five", '{"is":5}']


def test_parquet_keeps_its_types(lake: Lake, drop: Path) -> None:
    table = pa.table({"id": [1], "at": pa.array([MARCH], pa.timestamp("us", "UTC")), "tags": [["a", "b"]]})
    pq.write_table(table, drop / "a.parquet")
    bring(lake, drop)
    assert lake.rows('select id, "at", tags from raw.shops__store') == [(1, MARCH, '["a","b"]')]


def test_excel_lands_its_sheet(lake: Lake, drop: Path) -> None:
    write_excel(
        drop / "a.xlsx", {"Notes": [["ignore"]], "Stores": [["id", "name", "size"], [1, "Ann", 2.5], [2, None, 7]]}
    )
    bring(lake, drop, options={"sheet": "Stores"})
    assert lake.rows("select id, name, size from raw.shops__store order by id") == [(1.0, "Ann", 2.5), (2.0, None, 7.0)]


def write_excel(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.parquet", b"no parquet", "a.parquet cannot be read: .*Parquet"),
        ("a.xlsx", b"no workbook", "a.xlsx cannot be read: "),
        ("a.dat", b"id\n1\n", "the ending of a.dat tells no format; say `format`"),
    ],
)
def test_a_file_that_is_not_what_it_says_stops_the_load(
    lake: Lake, drop: Path, name: str, content: bytes, says: str
) -> None:
    (drop / name).write_bytes(content)
    with pytest.raises((SourceError, ValueError), match=says):
        bring(lake, drop)
    assert not lake.value("select count(*) from ops.bookmark where source = 'shops'")


def test_empty_hidden_and_unfinished_files_bring_nothing(lake: Lake, drop: Path) -> None:
    for name in ("empty.csv", ".hidden.csv", "_SUCCESS", "half.csv.part"):
        (drop / name).write_text("" if name == "empty.csv" else "id\n1\n")
    assert bring(lake, drop).rows == {"store": 0}


def test_a_missing_folder_says_which(lake: Lake, drop: Path) -> None:
    with pytest.raises(SourceError, match=r"shops: there is no folder .*nowhere"):
        bring(lake, drop / "nowhere")


def test_a_bucket_is_a_folder(lake: Lake) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    address = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    client = boto3.client("s3", aws_access_key_id="key", aws_secret_access_key="secret", **address)
    client.create_bucket(Bucket="drops")
    for key in ("in/stores/2017/a.csv", "in/stores/b.csv", "in/stores/c.csv.tmp", "in/other/d.csv"):
        client.put_object(Bucket="drops", Key=key, Body=f"id\n{key}\n".encode())
    credentials = Credentials(
        name="shops_default",
        kind="aws",
        login="key",
        password="secret",
        extra={"bucket": "drops", "prefix": "in", **address},
    )
    source: Declared = shops(credentials, store={"path": "stores/**/*.csv"})
    assert land(source, lake=lake).rows == {"store": 2}
    assert lake.rows("select _file, id from raw.shops__store order by all") == [
        ("stores/2017/a.csv", "in/stores/2017/a.csv"),
        ("stores/b.csv", "in/stores/b.csv"),
    ]
    assert land(source, lake=lake).rows == {"store": 0}
    client.put_object(Bucket="drops", Key="in/stores/b.csv", Body=b"id\nnew\n")
    assert land(source, lake=lake).rows == {"store": 1}
    server.stop()
