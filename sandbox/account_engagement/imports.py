"""Imports: a CSV of prospects to upsert, and of lists to put them on or take them off, done in the background.

https://developer.salesforce.com/docs/marketing/pardot/guide/import-v5.html
https://developer.salesforce.com/docs/marketing/pardot/guide/import-v4.html (limits, overwrite options, states)
Parts and properties as `imports` of PyPardotSF's version 5 sends them (github.com/mneedham91/PyPardot4 and its forks).
Guesses: the errors' CSV repeats the row and adds a column; `fields` is asked of a create as of other objects; the words
of errors in it. Only imports that are submitted with their one file are taken; batches added later are not.
"""

import csv
import io
import json
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse
from starlette.datastructures import UploadFile

from sandbox.account_engagement.contract import check_request, chosen, closed, missing, refuse, shown
from sandbox.account_engagement.lists import find_list, join, leave
from sandbox.account_engagement.prospects import ADDRESS, PROPERTIES, everybody, save
from sandbox.context import Here, Sandbox

MAX_BYTES, MAX_LISTS, DAILY_BATCHES = 10_000_000, 20, 1_000
MATCH = "matchEmail"
LISTS = ("addToList", "removeFromList")
COLUMNS = {MATCH, "email", *LISTS, *PROPERTIES}
KNOWN: dict[str, type] = {
    **{"id": int, "status": str, "operation": str, "object": str, "isExpired": bool},
    **{"createdCount": int, "updatedCount": int, "errorCount": int},
}
SCHEMA = """
CREATE TABLE IF NOT EXISTS account_engagement_import (
    id INTEGER PRIMARY KEY AUTOINCREMENT, created_count INTEGER NOT NULL, updated_count INTEGER NOT NULL,
    header TEXT NOT NULL, errors TEXT NOT NULL, day TEXT NOT NULL, reads INTEGER NOT NULL DEFAULT 0,
    is_canceled INTEGER NOT NULL DEFAULT 0);
"""

router = APIRouter(prefix="/account_engagement/api/v5/imports", dependencies=[Depends(check_request)])


class Bad(ValueError):
    """A row that cannot be imported."""


@router.post("", status_code=201)
async def create_import(request: Request, sandbox: Here, fields: str = "") -> dict[str, Any]:
    names = chosen(fields, KNOWN)
    form = await request.form()
    options, file = _options(form.get("input")), form.get("file")
    if not isinstance(file, UploadFile) or form.keys() != {"input", "file"}:
        raise refuse(162, "No file was specified or uploaded")
    content = await file.read()
    if len(content) > MAX_BYTES:
        raise refuse(204, "File size exceeds the max post size")
    header, rows = _rows(content)
    overwriting = _overwriting(options, header)
    with sandbox.state.transaction() as db:
        today = sandbox.now().date().isoformat()
        sql = "SELECT count(*) FROM account_engagement_import WHERE day = ?"
        if db.execute(sql, [today]).fetchone()[0] >= DAILY_BATCHES:
            raise refuse(164, "Daily limit of import batches has been reached")
        created, updated, errors = _import(sandbox, db, header, rows, overwriting, bool(options.get("createOnNoMatch")))
        sql = (
            "INSERT INTO account_engagement_import (created_count, updated_count, header, errors, day) "
            "VALUES (?, ?, ?, ?, ?)"
        )
        made = db.execute(sql, [created, updated, json.dumps(header), json.dumps(errors), today]).lastrowid
    return shown({"id": made, "status": "Waiting", "isExpired": False}, names)


@router.get("/{import_id}")
def read_import(import_id: int, sandbox: Here, fields: str = "") -> dict[str, Any]:
    """Waiting at the first look, complete from the second on."""
    names = chosen(fields, KNOWN)
    with sandbox.state.transaction() as db:
        row = _row(db, import_id)
        db.execute("UPDATE account_engagement_import SET reads = reads + 1 WHERE id = ?", [import_id])
    record = {"id": import_id, "operation": "Upsert", "object": "Prospect", "isExpired": False, "status": "Waiting"}
    if row["is_canceled"]:
        record["status"] = "Canceled"
    elif row["reads"]:
        counts = {"createdCount": row["created_count"], "updatedCount": row["updated_count"]}
        record |= counts | {"status": "Complete", "errorCount": len(json.loads(row["errors"]))}
    return shown(record, names)


@router.post("/{import_id}/do/cancel")
def cancel_import(import_id: int, sandbox: Here) -> dict[str, Any]:
    """What was processed stays; a second look would have shown it complete."""
    with sandbox.state.transaction() as db:
        row = _row(db, import_id)
        if row["reads"] > 1 or row["is_canceled"]:
            raise refuse(161, "The current state of the import does not allow the operation")
        db.execute("UPDATE account_engagement_import SET is_canceled = 1 WHERE id = ?", [import_id])
    return {"id": import_id, "status": "Canceled"}


@router.get("/{import_id}/errors")
def read_errors(import_id: int, sandbox: Here) -> PlainTextResponse:
    with sandbox.state.transaction() as db:
        row = _row(db, import_id)
    text = io.StringIO()
    csv.writer(text).writerows([[*json.loads(row["header"]), "errors"], *json.loads(row["errors"])])
    return PlainTextResponse(text.getvalue(), media_type="text/csv")


def _options(part: Any) -> dict[str, Any]:
    try:
        options = json.loads(part if isinstance(part, str) else "")
    except ValueError as error:
        raise refuse(150, "Input needs to be valid JSON") from error
    closed(options, {"operation", "object", "status", "restoreDeleted", "createOnNoMatch", "fields"})
    if (options.get("operation"), options.get("object")) != ("Upsert", "Prospect"):
        raise refuse(154, "Invalid property in request: operation is Upsert, object is Prospect")
    if options.get("status") != "Ready":
        raise refuse(154, "Invalid property in request: the sandbox takes imports with status Ready only")
    return dict(options)


def _rows(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Header and rows. Raises Refused when the file as a whole is no good."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise refuse(159, "The file is not in a valid CSV format")
    header = rows[0]
    if unknown := sorted(set(header) - COLUMNS):
        raise refuse(130, f"One or more of the specified fields are invalid: {', '.join(unknown)}")
    if MATCH not in header:
        raise refuse(197, "Import missing required field")
    return header, rows[1:]


def _overwriting(options: dict[str, Any], header: list[str]) -> dict[str, tuple[bool, bool]]:
    """Column -> whether its values, and whether its blanks, replace what is there."""
    given = options.get("fields")
    if given is None:
        return dict.fromkeys(header, (True, True))
    for option in given:
        closed(option, {"field", "overwrite", "nullOverwrite"})
    if [option.get("field") for option in given] != header:
        raise refuse(227, "Mismatched CSV headers and field options")
    return {
        option["field"]: (bool(option.get("overwrite", True)), bool(option.get("nullOverwrite", True)))
        for option in given
    }


def _import(
    sandbox: Sandbox,
    db: Any,
    header: list[str],
    rows: list[list[str]],
    overwriting: dict[str, tuple[bool, bool]],
    may_create: bool,
) -> tuple[int, int, list[list[str]]]:
    """How many were created and updated, and the rows that could not be, each with its reason."""
    known, counts, errors = everybody(sandbox, db), [0, 0], []
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        email = cells[MATCH].strip().lower()
        try:
            found = known.get(email)
            joined, left = (_lists(db, cells.get(name, "")) for name in LISTS)
            if found is None and not may_create:
                raise Bad("No matching prospect was found")
            if found is None and not ADDRESS.fullmatch(cells.get("email", "").strip()):
                raise Bad("Invalid prospect email address")
            number = save(sandbox, db, found, email, _given(cells, overwriting, is_new=found is None))
        except Bad as bad:
            errors.append([*row, str(bad)])
            continue
        for list_id in joined:
            join(sandbox, db, list_id, number)
        for list_id in left:
            leave(db, list_id, number)
        counts[found is not None] += 1
    return counts[0], counts[1], errors


def _given(cells: dict[str, str], overwriting: dict[str, tuple[bool, bool]], is_new: bool) -> dict[str, str | None]:
    """Property -> its new value, None to empty it."""
    given: dict[str, str | None] = {}
    for name in PROPERTIES & cells.keys():
        values, blanks = overwriting[name]
        if cells[name].strip() and (values or is_new):
            given[name] = cells[name]
        elif not cells[name].strip() and blanks and values:
            given[name] = None
    return given


def _lists(db: Any, cell: str) -> list[int]:
    """Ids of the lists a cell names. Raises Bad when one of them is none."""
    numbers = [int(part) if part.strip().isdigit() else 0 for part in cell.split(",") if part.strip()]
    if len(numbers) > MAX_LISTS or any(find_list(db, number) is None for number in numbers):
        raise Bad("Invalid list ID")
    return numbers


def _row(db: Any, import_id: int) -> Any:
    row = db.execute("SELECT * FROM account_engagement_import WHERE id = ?", [import_id]).fetchone()
    if row is None:
        raise missing("The requested record was not found.")
    return row
