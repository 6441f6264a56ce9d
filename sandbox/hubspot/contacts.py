"""Contacts in batches: upsert by e-mail, update of those that are there, and read.

https://developers.hubspot.com/docs/reference/api/crm/objects/contacts (batch/…: 100 records a call)
https://developers.hubspot.com/docs/reference/api/other-resources/error-handling (207 multi-status)
"""

import json
import sqlite3
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from sandbox.context import Here, JsonObject
from sandbox.forgotten import forgotten
from sandbox.hubspot.contract import check, refuse
from sandbox.hubspot.properties import READ_ONLY, definitions, value_problem

MAX_BATCH = 100

router = APIRouter()


@router.post("/crm/v3/objects/contacts/batch/upsert")
def upsert(body: JsonObject, sandbox: Here) -> JSONResponse:
    from hubspot.crm.contacts.models import BatchInputSimplePublicObjectBatchInputUpsert

    check(body, BatchInputSimplePublicObjectBatchInputUpsert)
    inputs = body["inputs"]
    _check_size(inputs)
    if any(item.get("idProperty") != "email" for item in inputs):
        raise refuse(400, "Unable to perform update/upsert by non-unique 0-1 property: the sandbox upserts by email")
    keys = [item["id"].strip().lower() for item in inputs]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise refuse(400, f"Duplicate IDs found in batch input: [{min(twice)}]. IDs must be unique")
    results, errors = [], []
    stamp = sandbox.now().isoformat(timespec="milliseconds") + "Z"
    with sandbox.state.transaction() as db:
        known, gone = definitions(db), forgotten(db, "hubspot")
        _check_properties([name for item in inputs for name in item["properties"]], known)
        for key, item in zip(keys, inputs, strict=True):
            problems = [
                (name, code)
                for name, value in {"email": item["id"].strip(), **item["properties"]}.items()
                if (code := value_problem(known[name], value.strip() if name == "email" else value))
            ]
            email = item["properties"].get("email", key).strip().lower()
            if problems:
                errors.append(_row_error(item["id"], *problems[0]))
            elif email in gone:
                errors.append(_row_error(item["id"], "email", "BLOCKLISTED_EMAIL"))
            elif email != key and _find(db, "email", email):
                errors.append(_row_error(item["id"], "email", "CONFLICT"))
            else:
                results.append(_write(db, key, email, item["properties"], stamp))
    return _answer(results, errors, stamp)


@router.post("/crm/v3/objects/contacts/batch/update")
def update(body: JsonObject, sandbox: Here) -> JSONResponse:
    from hubspot.crm.contacts.models import BatchInputSimplePublicObjectBatchInput

    check(body, BatchInputSimplePublicObjectBatchInput)
    inputs = body["inputs"]
    _check_size(inputs)
    if any(item.get("idProperty") != "email" or "email" in item["properties"] for item in inputs):
        raise refuse(400, "Unable to perform update/upsert by non-unique 0-1 property: the sandbox updates by email")
    results, errors, missing = [], [], []
    stamp = sandbox.now().isoformat(timespec="milliseconds") + "Z"
    with sandbox.state.transaction() as db:
        known = definitions(db)
        _check_properties([name for item in inputs for name in item["properties"]], known)
        for item in inputs:
            key = item["id"].strip().lower()
            problems = [
                (name, code)
                for name, value in item["properties"].items()
                if (code := value_problem(known[name], value))
            ]
            if problems:
                errors.append(_row_error(item["id"], *problems[0]))
            elif _find(db, "email", key) is None:
                missing.append(item["id"])
            else:
                results.append(_write(db, key, key, item["properties"], stamp))
    return _answer(results, errors + _not_found(missing), stamp)


@router.post("/crm/v3/objects/contacts/batch/read")
def read(body: JsonObject, sandbox: Here) -> JSONResponse:
    from hubspot.crm.contacts.models import BatchReadInputSimplePublicObjectId

    check(body, BatchReadInputSimplePublicObjectId)
    _check_size(body["inputs"])
    by = body.get("idProperty", "hs_object_id")
    if by not in ("email", "hs_object_id"):
        raise refuse(400, f"Unable to read by non-unique property {by}")
    stamp = sandbox.now().isoformat(timespec="milliseconds") + "Z"
    wanted = {*body["properties"], "createdate", "hs_object_id", "lastmodifieddate"}
    results, missing = [], []
    with sandbox.state.transaction() as db:
        for item in body["inputs"]:
            if row := _find(db, by, item["id"].strip().lower()):
                shown = _shown(row)
                shown["properties"] = {name: shown["properties"].get(name) for name in sorted(wanted)}
                results.append(shown)
            else:
                missing.append(item["id"])
    return _answer(results, _not_found(missing), stamp)


def _not_found(ids: list[str]) -> list[dict[str, Any]]:
    message = "Could not get some CONTACT objects, they may be deleted or not exist."
    error = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": {"ids": ids}}
    return [error] if ids else []


def _check_size(inputs: list[Any]) -> None:
    if not 1 <= len(inputs) <= MAX_BATCH:
        raise refuse(400, f"The batch size limit is {MAX_BATCH}; this batch has {len(inputs)} inputs")


def _check_properties(names: list[str], known: dict[str, dict[str, Any]]) -> None:
    """A name no property has, or one nobody may write, fails the whole batch."""
    for name in names:
        code = "PROPERTY_DOESNT_EXIST" if name not in known else "READ_ONLY_VALUE" if name in READ_ONLY else ""
        if code:
            raise refuse(400, _said(name, code))


def _said(name: str, code: str) -> str:
    text = f'Property "{name}" does not exist' if code == "PROPERTY_DOESNT_EXIST" else f"{name}: {code}"
    detail = [{"isValid": False, "message": text, "error": code, "name": name, "localizedErrorMessage": text}]
    return f"Property values were not valid: {json.dumps(detail)}"


def _row_error(input_id: str, name: str, code: str) -> dict[str, Any]:
    category = "CONFLICT" if code == "CONFLICT" else "VALIDATION_ERROR"
    return {
        "status": "error",
        "category": category,
        "message": _said(name, code),
        "context": {"ids": [input_id]},
        "errors": [],
        "links": {},
    }


def _find(db: sqlite3.Connection, by: str, key: str) -> sqlite3.Row | None:
    column = "email" if by == "email" else "id"
    row: sqlite3.Row | None = db.execute(f"SELECT * FROM hubspot_contact WHERE {column} = ?", [key]).fetchone()
    return row


def _write(db: sqlite3.Connection, key: str, email: str, properties: dict[str, str], stamp: str) -> dict[str, Any]:
    row = _find(db, "email", key)
    held = json.loads(row["properties"]) if row else {}
    held |= {name: value for name, value in properties.items() if name != "email"}
    if row:
        sql = "UPDATE hubspot_contact SET email = ?, properties = ?, updated = ? WHERE id = ?"
        db.execute(sql, [email, json.dumps(held), stamp, row["id"]])
    else:
        sql = "INSERT INTO hubspot_contact (email, properties, created, updated) VALUES (?, ?, ?, ?)"
        db.execute(sql, [email, json.dumps(held), stamp, stamp])
    after = _find(db, "email", email)
    assert after is not None
    return _shown(after) | {"new": row is None}


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    own = {"email": row["email"], "createdate": row["created"], "lastmodifieddate": row["updated"]}
    return {
        "id": str(row["id"]),
        "properties": json.loads(row["properties"]) | own | {"hs_object_id": str(row["id"])},
        "createdAt": row["created"],
        "updatedAt": row["updated"],
        "archived": False,
    }


def _answer(results: list[dict[str, Any]], errors: list[dict[str, Any]], stamp: str) -> JSONResponse:
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": stamp, "completedAt": stamp}
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return JSONResponse(body, 207 if errors else 200)
