"""Bulk API 2.0 query jobs: the query runs once, against one moment of the clock; results are read in sets.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_create_job.htm
https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_job_results.htm
https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/datafiles_date_format.htm
"""

import base64
import csv
import io
import itertools
import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv

from sandbox.context import Sandbox
from sandbox.salesforce.schema import SObject
from sandbox.salesforce.soql import Query
from sandbox.world import ids

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
DEFAULT_SET = 100_000
"""Records in a set of results when the caller names no `maxRecords` (the real number is the service's choice)."""
BATCH = 20_000
JOBS_KEPT = 50
AS_TEXT = {
    "datetime": "strftime(\"{0}\", '%Y-%m-%dT%H:%M:%S.000Z')",
    "date": "strftime(\"{0}\", '%Y-%m-%d')",
}


@dataclass
class Job:
    id: str
    operation: str
    soql: str
    sobject: str
    version: str
    column_delimiter: str
    line_ending: str
    created: datetime
    path: Path
    state: str = "UploadComplete"
    error: str = ""
    rows: int = 0
    milliseconds: int = 0
    finished: threading.Event = field(default_factory=threading.Event)

    def describe(self, *, brief: bool = False) -> dict[str, Any]:
        """As the API shows it; `brief` as the answer to its creation."""
        stamp = self.created.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        shown: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.sobject,
            "createdById": ids.record_id(ids.USER, 1),
            "createdDate": stamp,
            "systemModstamp": stamp,
            "state": "UploadComplete" if brief else self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.line_ending,
            "columnDelimiter": self.column_delimiter,
        }
        if not brief:
            shown |= {
                "jobType": "V2Query",
                "numberRecordsProcessed": self.rows,
                "retries": 0,
                "totalProcessingTime": self.milliseconds,
                "isPkChunkingSupported": True,
            }
            if self.error:
                shown["errorMessage"] = self.error
        return shown


class Jobs:
    """The org's query jobs. They do not survive a restart; a caller makes them again."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._folder = sandbox.folder / "jobs"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._numbers = itertools.count(int(time.time()))
        self._jobs: dict[str, Job] = {}

    def create(self, query: Query, soql: str, operation: str, version: str, delimiter: str, ending: str) -> Job:
        """Queue a query; it runs at once, in the background."""
        job_id = ids.record_id(ids.JOB, next(self._numbers))
        path = self._folder / f"{job_id}.arrow"
        now = self._sandbox.now()
        job = Job(job_id, operation, soql, query.sobject.name, version, delimiter, ending, now, path)
        self._jobs[job_id] = job
        for old in list(self._jobs.values())[:-JOBS_KEPT]:
            self.delete(old)
        sql = select(query, now, deleted=operation == "queryAll")
        threading.Thread(target=self._run, args=(job, sql, query), daemon=True).start()
        return job

    def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id) or next((job for job in self._jobs.values() if job.id[:15] == job_id), None)

    def all(self) -> list[Job]:
        return list(self._jobs.values())

    def abort(self, job: Job) -> bool:
        """False when the job had already ended."""
        if job.finished.is_set():
            return False
        job.state = "Aborted"
        job.finished.set()
        return True

    def delete(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        job.path.unlink(missing_ok=True)

    def _run(self, job: Job, sql: str, query: Query) -> None:
        started = time.monotonic()
        if job.state == "UploadComplete":
            job.state = "InProgress"
        try:
            cursor = self._sandbox.world.cursor()
            plant(self._sandbox, cursor, query.sobject)
            reader = cursor.execute(sql, list(query.values)).to_arrow_reader(BATCH)
            with pa.OSFile(str(job.path), "wb") as sink, pa.ipc.new_file(sink, reader.schema) as writer:
                for batch in reader:
                    writer.write_batch(batch)
                    job.rows += batch.num_rows
                    if job.state == "Aborted":
                        return
            job.state = "JobComplete"
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            job.state, job.error = "Failed", f"InternalServerError: {error}"
        finally:
            job.milliseconds = round((time.monotonic() - started) * 1000)
            job.finished.set()


def select(query: Query, now: datetime, *, deleted: bool) -> str:
    """DuckDB's SQL for a query as of `now`, all columns as the text Salesforce writes."""
    columns = ", ".join(_text(field.name, field.type) + f' AS "{field.name}"' for field in query.fields)
    alive = "" if deleted else " AND NOT IsDeleted"
    # Selected in a subquery: ORDER BY must see the typed columns, not their texts.
    return f"SELECT {columns} FROM (FROM {visible(query.sobject, now)} WHERE ({query.where}){alive}{query.tail})"


def visible(sobject: SObject, now: datetime) -> str:
    """The records of an object as they are at `now`, as a table expression over `plant`ed changes."""
    moment = f"TIMESTAMP '{now.isoformat(sep=' ')}'"
    if not sobject.versioned:
        return f'(FROM "{sobject.table}" WHERE SystemModstamp <= {moment})'
    version = (
        f"SELECT * EXCLUDE (valid_to) FROM {sobject.table} WHERE SystemModstamp <= {moment} AND valid_to > {moment}"
    )
    if sobject.name != "Contact":
        return f"({version})"
    return f"({version} AND Id NOT IN (SELECT Id FROM planted) UNION ALL BY NAME FROM planted)"


def plant(sandbox: Sandbox, cursor: duckdb.DuckDBPyConnection, sobject: SObject) -> None:
    """Show the changes planted through `/_control` to this cursor, as the table `planted`."""
    if sobject.name != "Contact":
        return
    with sandbox.state.transaction() as db:
        records = [json.loads(row["record"]) for row in db.execute("SELECT record FROM planted_contact")]
    cursor.execute("CREATE OR REPLACE TEMP TABLE planted AS SELECT * EXCLUDE (valid_to) FROM contact LIMIT 0")
    for record in records:
        names = ", ".join(f'"{name}"' for name in record)
        marks = ", ".join("?" for _ in record)
        cursor.execute(f"INSERT INTO planted ({names}) VALUES ({marks})", list(record.values()))


def result_set(job: Job, locator: str, size: int) -> tuple[Iterator[bytes], int, str]:
    """One set of a complete job's results: CSV in pieces, number of records, locator of the next set or `null`.

    Raises ValueError for a locator this job never gave.
    """
    start = int(base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True)) if locator else 0
    if start and not 0 < start < job.rows:
        raise ValueError(f"no such locator: {locator}")
    stop = min(start + size, job.rows)
    following = "null" if stop == job.rows else base64.b64encode(str(stop).encode()).decode().rstrip("=")
    return _csv(job, start, stop), stop - start, following


def _csv(job: Job, start: int, stop: int) -> Iterator[bytes]:
    delimiter, ending = DELIMITERS[job.column_delimiter], LINE_ENDINGS[job.line_ending]
    with pa.memory_map(str(job.path)) as source, pa.ipc.open_file(source) as results:
        yield _write([results.schema.names], delimiter, ending)
        at = 0
        for number in range(results.num_record_batches):
            if at >= stop:
                break
            batch = results.get_batch(number)
            cut = batch.slice(max(0, start - at), max(0, min(stop - at, len(batch)) - max(0, start - at)))
            at += len(batch)
            if not len(cut):
                continue
            if ending == "\n":
                options = pa_csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="all_valid")
                piece = io.BytesIO()
                pa_csv.write_csv(cut, piece, options)
                yield piece.getvalue()
            else:  # pyarrow ends lines one way only
                yield _write(zip(*(column.to_pylist() for column in cut.columns), strict=True), delimiter, ending)


def _write(rows: Any, delimiter: str, ending: str) -> bytes:
    piece = io.StringIO()
    csv.writer(piece, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
    return piece.getvalue().encode()


def _text(name: str, kind: str) -> str:
    return f"coalesce({AS_TEXT.get(kind, chr(34) + '{0}' + chr(34) + '::VARCHAR').format(name)}, '')"
