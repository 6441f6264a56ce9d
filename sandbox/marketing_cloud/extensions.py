"""Data extensions: found, created and deleted, their rows upserted in the background.

https://developer.salesforce.com/docs/marketing/marketing-cloud/references/mc-custom_objects (find, create, delete)
https://developer.salesforce.com/docs/marketing/marketing-cloud/references/mc_rest_data_extensions/updateDataExtensionIDAsync.html
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/getStatusDataExtensionAsync.html
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/getResultsDataExtensionAsync.html (pages of 50)

What the pages leave out and users of the API report: `$search` is required, so is every property of a field, and the
status of a request is not found until its record is written. Guesses: how large a body may be, the words of most
refusals, `$page` and `$pageSize` of results, and that results come in the order of the rows sent.
"""

import json
import re
import sqlite3
import uuid
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from sandbox.access import CATEGORY_ID, MEMBER_ID
from sandbox.context import Here, JsonObject, Sandbox
from sandbox.errors import Refused, refusal
from sandbox.marketing_cloud.oauth import check_token

MAX_BODY, MAX_PAGE, MAX_KEY = 4_000_000, 200, 36
TYPES = {"Text", "Number", "Date", "Boolean", "EmailAddress", "Phone", "Decimal", "Locale"}
FIELD = {
    *("name", "type", "description", "ordinal", "isNullable", "isPrimaryKey", "isHidden", "isReadOnly"),
    *("isInheritable", "isOverridable", "isTemplateField", "mustOverride", "maskType", "storageType"),
}
EXTENSION = {
    *("name", "key", "description", "isActive", "isSendable", "sendableCustomObjectField", "sendableSubscriberField"),
    *("categoryId", "fields"),
}
REQUIRED = {"name", "key", "categoryId", "fields"}
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
SCHEMA = """
CREATE TABLE IF NOT EXISTS marketing_cloud_extension (
    id TEXT PRIMARY KEY, key TEXT UNIQUE NOT NULL, name TEXT UNIQUE NOT NULL, definition TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS marketing_cloud_row (
    extension_id TEXT NOT NULL, key TEXT NOT NULL, cells TEXT NOT NULL, PRIMARY KEY (extension_id, key));
CREATE TABLE IF NOT EXISTS marketing_cloud_request (
    id TEXT PRIMARY KEY, results TEXT NOT NULL, called TEXT NOT NULL, reads INTEGER NOT NULL DEFAULT 0);
"""


def refuse(status: int, message: str, errorcode: int = 10006) -> Refused:
    return Refused(status, refusal("marketing_cloud", status, message) | {"errorcode": errorcode})


def not_found(code: str, message: str, status: int) -> JSONResponse:
    """How the asynchronous resources say it."""
    told = {"resultType": "Operational", "resultClass": "Error", "resultCode": code, "message": message}
    return JSONResponse({"requestId": str(uuid.uuid4()), "resultMessages": [told]}, status)


router = APIRouter(prefix="/marketing_cloud/rest/data/v1", dependencies=[Depends(check_token)])


@router.get("/customobjects")
def find_extensions(request: Request, sandbox: Here) -> dict[str, Any]:
    asked = _parameters(request, "$search", "$page", "$pageSize")
    page, size = _page(asked, default=25)
    if not asked.get("$search"):
        raise refuse(400, "Parameter $search is required.", 10003)
    with sandbox.state.transaction() as db:
        like = f"%{asked['$search']}%"
        sql = "SELECT * FROM marketing_cloud_extension WHERE name LIKE ? OR key LIKE ? ORDER BY name"
        rows = db.execute(sql, [like, like]).fetchall()
    shown = [_shown(row) for row in rows[(page - 1) * size : page * size]]
    return {"count": len(rows), "page": page, "pageSize": size, "links": {}, "items": shown}


@router.post("/customobjects", status_code=201)
def create_extension(body: JsonObject, sandbox: Here) -> dict[str, Any]:
    _check_definition(body)
    made = str(uuid.uuid4())
    with sandbox.state.transaction() as db:
        try:
            db.execute(
                "INSERT INTO marketing_cloud_extension VALUES (?, ?, ?, ?)",
                [made, body["key"], body["name"], json.dumps(body)],
            )
        except sqlite3.IntegrityError as error:
            raise refuse(400, "A data extension with this name or external key exists.", 10006) from error
    return _shown({"id": made, "key": body["key"], "name": body["name"], "definition": json.dumps(body)})


@router.get("/customobjects/{extension_id}")
def get_extension(extension_id: str, sandbox: Here) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        row = db.execute("SELECT * FROM marketing_cloud_extension WHERE id = ?", [extension_id]).fetchone()
    if row is None:
        raise refuse(404, "Data extension not found.", 20000)
    return _shown(row)


@router.delete("/customobjects/{extension_id}", status_code=204)
def delete_extension(extension_id: str, sandbox: Here) -> Response:
    with sandbox.state.transaction() as db:
        if not db.execute("DELETE FROM marketing_cloud_extension WHERE id = ?", [extension_id]).rowcount:
            raise refuse(404, "Data extension not found.", 20000)
        db.execute("DELETE FROM marketing_cloud_row WHERE extension_id = ?", [extension_id])
    return Response(status_code=204)


@router.put("/async/dataextensions/{which}/rows", status_code=202)
@router.post("/async/dataextensions/{which}/rows", status_code=202)
def write_rows(which: str, body: JsonObject, request: Request, sandbox: Here) -> Any:
    """PUT upserts, POST inserts; `which` is an id, or an external key after `key:`."""
    items = body.get("items")
    if body.keys() != {"items"} or not isinstance(items, list) or not items:
        raise refuse(400, "The body holds items and nothing else, and at least one.")
    if int(request.headers.get("content-length", 0)) > MAX_BODY:
        raise refuse(413, "Request entity too large.", 0)
    column, value = ("key", which.removeprefix("key:")) if which.startswith("key:") else ("id", which)
    with sandbox.state.transaction() as db:
        row = db.execute(f"SELECT * FROM marketing_cloud_extension WHERE {column} = ?", [value]).fetchone()
        if row is None:
            return not_found("CustomObjectNotFound", "Unable to find a data extension for the given id or key.", 400)
        fields = {field["name"]: field for field in json.loads(row["definition"])["fields"]}
        if unknown := {name for item in items for name in item} - fields.keys():
            raise refuse(400, f"Not fields of the data extension: {', '.join(sorted(unknown))}.")
        results = [_write(db, row["id"], fields, item, is_upsert=request.method == "PUT") for item in items]
        made = str(uuid.uuid4())
        sql = "INSERT INTO marketing_cloud_request (id, results, called) VALUES (?, ?, ?)"
        db.execute(sql, [made, json.dumps(results), sandbox.now().isoformat()])
    return {"requestId": made, "resultMessages": []}


@router.get("/async/{request_id}/status")
def get_status(request_id: str, sandbox: Here) -> Any:
    """At the first look the record is not written yet, at the second the request is pending, then it is complete."""
    with sandbox.state.transaction() as db:
        row = db.execute("SELECT * FROM marketing_cloud_request WHERE id = ?", [request_id]).fetchone()
        db.execute("UPDATE marketing_cloud_request SET reads = reads + 1 WHERE id = ?", [request_id])
    if row is None or not row["reads"]:
        return _no_such_request(request_id)
    is_complete = row["reads"] > 1
    status = {
        "callDateTime": row["called"],
        "completionDateTime": row["called"] if is_complete else "0001-01-01T00:00:00",
        "pickupDateTime": row["called"] if is_complete else "0001-01-01T00:00:00",
        "hasErrors": is_complete and any(result["status"] == "Error" for result in json.loads(row["results"])),
        "requestStatus": "Complete" if is_complete else "Pending",
        "resultStatus": "OK",
        "requestId": request_id,
    }
    return {"status": status, "requestId": str(uuid.uuid4())}


@router.get("/async/{request_id}/results")
def get_results(request_id: str, request: Request, sandbox: Here) -> Any:
    page, size = _page(_parameters(request, "$page", "$pageSize"), default=50)
    with sandbox.state.transaction() as db:
        row = db.execute("SELECT * FROM marketing_cloud_request WHERE id = ?", [request_id]).fetchone()
    if row is None or row["reads"] < 2:
        return _no_such_request(request_id)
    results = json.loads(row["results"])
    items = results[(page - 1) * size : page * size]
    return {"page": page, "pageSize": size, "count": len(results), "items": items, "requestId": str(uuid.uuid4())}


def prepare(sandbox: Sandbox) -> None:
    """Make the account: one folder, no data extension."""
    sandbox.state.define(SCHEMA)


def held(sandbox: Sandbox) -> dict[str, dict[str, list[str]]]:
    """The account's truth: data extension -> keys of its rows that are members."""
    with sandbox.state.transaction() as db:
        extensions = db.execute("SELECT * FROM marketing_cloud_extension ORDER BY name").fetchall()
        sql = "SELECT * FROM marketing_cloud_row WHERE extension_id = ? ORDER BY key"
        rows = {row["name"]: db.execute(sql, [row["id"]]).fetchall() for row in extensions}
    members = {
        name: [row["key"] for row in found if json.loads(row["cells"]).get("is_member")] for name, found in rows.items()
    }
    return {"extensions": members}


def _write(
    db: sqlite3.Connection, extension_id: str, fields: dict[str, Any], item: dict[str, Any], *, is_upsert: bool
) -> dict[str, str]:
    """One row's result. A property that is absent is left alone, null empties it."""
    key = str(item.get(next(name for name, field in fields.items() if field["isPrimaryKey"])) or "").lower()
    for name, field in fields.items():
        if problem := _problem(field, item.get(name), is_given=name in item):
            return {"errorCode": "DataExtensionValidation", "message": f"{name}: {problem}", "status": "Error"}
    sql = "SELECT cells FROM marketing_cloud_row WHERE extension_id = ? AND key = ?"
    found = db.execute(sql, [extension_id, key]).fetchone()
    if found and not is_upsert:
        message = f"Violation of PRIMARY KEY constraint. The duplicate key value is ({key})."
        return {"errorCode": "UnexpectedError", "message": message, "status": "Error"}
    cells = (json.loads(found["cells"]) if found else {}) | item
    db.execute("INSERT OR REPLACE INTO marketing_cloud_row VALUES (?, ?, ?)", [extension_id, key, json.dumps(cells)])
    return {"errorCode": "", "message": "", "status": "OK"}


def _problem(field: dict[str, Any], value: Any, *, is_given: bool) -> str | None:
    if value is None or value == "":
        missing = not field["isNullable"] and (is_given or field["isPrimaryKey"])
        return "a value is required" if missing else None
    if field["type"] == "EmailAddress" and not ADDRESS.fullmatch(str(value)):
        return f"{value} is not a valid e-mail address"
    if field["type"] == "Boolean" and not isinstance(value, bool):
        return f"{value} is not a Boolean"
    if len(str(value)) > field.get("length", 4000):
        return f"longer than {field['length']} characters"
    return None


def _check_definition(body: dict[str, Any]) -> None:
    if unknown := body.keys() - EXTENSION:
        raise refuse(400, f"Unknown properties: {', '.join(sorted(unknown))}.")
    if missing := REQUIRED - {name for name, value in body.items() if value}:
        raise refuse(400, f"Required: {', '.join(sorted(missing))}.")
    if body["categoryId"] != CATEGORY_ID:
        raise refuse(400, "categoryId is not a folder of data extensions.")
    if len(body["key"]) > MAX_KEY:
        raise refuse(400, f"An external key has at most {MAX_KEY} characters.")
    for field in body["fields"]:
        if field.keys() - {"length"} != FIELD or field["type"] not in TYPES:
            raise refuse(400, f"A field has {', '.join(sorted(FIELD))}, maybe a length, and a known type.")
    names = {field["name"] for field in body["fields"]}
    if sum(field["isPrimaryKey"] for field in body["fields"]) != 1:
        raise refuse(400, "The sandbox's data extensions have one primary key.")
    if body.get("isSendable") and body.get("sendableCustomObjectField") not in names:
        raise refuse(400, "A sendable data extension names the field that relates it to subscribers.")


def _shown(row: Any) -> dict[str, Any]:
    definition = json.loads(row["definition"])
    shown = {name: definition.get(name) for name in EXTENSION - {"fields"}}
    return shown | {"id": row["id"], "ownerId": int(MEMBER_ID), "fieldCount": len(definition["fields"])}


def _parameters(request: Request, *known: str) -> dict[str, str]:
    asked = dict(request.query_params)
    if unknown := asked.keys() - set(known):
        raise refuse(400, f"Unknown parameters: {', '.join(sorted(unknown))}.", 10003)
    return asked


def _page(asked: dict[str, str], *, default: int) -> tuple[int, int]:
    page, size = asked.get("$page", "1"), asked.get("$pageSize", str(default))
    if not (page.isdigit() and size.isdigit() and int(page) > 0 and 0 < int(size) <= MAX_PAGE):
        raise refuse(400, f"$page counts from 1, $pageSize is 1 to {MAX_PAGE}.", 10003)
    return int(page), int(size)


def _no_such_request(request_id: str) -> JSONResponse:
    message = f"Unable to locate an Async Request Status Record for the provided RequestId: {request_id}."
    return not_found("AsyncRequestStatusNotFound", message, 200)
