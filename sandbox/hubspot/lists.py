"""Lists and who is on them.

https://developers.hubspot.com/docs/reference/api/crm/lists (memberships: MANUAL and SNAPSHOT lists only; at most
100,000 records a change; pages of 250 at most)
"""

import sqlite3
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sandbox.context import Here, JsonObject, public_url
from sandbox.hubspot.contract import check, refuse

CONTACTS = "0-1"
MAX_CHANGE, MAX_PAGE, DEFAULT_PAGE = 100_000, 250, 100
FIRST_LIST = 1_001

router = APIRouter()


@router.post("/crm/v3/lists")
@router.post("/crm/v3/lists/", include_in_schema=False)
def create_list(body: JsonObject, sandbox: Here) -> dict[str, Any]:
    from hubspot.crm.lists.models import ListCreateRequest

    check(body, ListCreateRequest)
    if body["objectTypeId"] != CONTACTS:
        raise refuse(400, f"the sandbox keeps lists of contacts only: objectTypeId {CONTACTS}")
    if body["processingType"] not in ("MANUAL", "SNAPSHOT"):
        raise refuse(400, "the sandbox keeps MANUAL and SNAPSHOT lists only")
    stamp = sandbox.now().isoformat(timespec="milliseconds") + "Z"
    with sandbox.state.transaction() as db:
        if db.execute("SELECT 1 FROM hubspot_list WHERE name = ?", [body["name"]]).fetchone():
            message = f"List name '{body['name']}' already exists"
            raise refuse(400, message, subCategory="ILS.DUPLICATE_LIST_NAMES")
        number = db.execute("SELECT coalesce(max(id) + 1, ?) FROM hubspot_list", [FIRST_LIST]).fetchone()[0]
        values = [number, body["name"], body["processingType"], stamp, stamp]
        db.execute("INSERT INTO hubspot_list VALUES (?, ?, ?, ?, ?)", values)
        return {"list": _shown(db, _by_id(db, str(number)))}


@router.get("/crm/v3/lists/object-type-id/{object_type}/name/{name:path}")
def get_list_by_name(object_type: str, name: str, sandbox: Here) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        row = db.execute("SELECT * FROM hubspot_list WHERE name = ?", [name]).fetchone()
        if row is None or object_type != CONTACTS:
            raise refuse(404, f"List does not exist with name {name} and object type ID {object_type}.", *_MISSING)
        return {"list": _shown(db, row)}


@router.get("/crm/v3/lists/{list_id}")
def get_list(list_id: str, sandbox: Here) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        return {"list": _shown(db, _by_id(db, list_id))}


@router.delete("/crm/v3/lists/{list_id}", status_code=204)
def delete_list(list_id: str, sandbox: Here) -> Response:
    with sandbox.state.transaction() as db:
        row = _by_id(db, list_id)
        db.execute("DELETE FROM hubspot_membership WHERE list_id = ?", [row["id"]])
        db.execute("DELETE FROM hubspot_list WHERE id = ?", [row["id"]])
    return Response(status_code=204)


@router.put("/crm/v3/lists/{list_id}/memberships/add-and-remove")
def change_memberships(list_id: str, body: JsonObject, sandbox: Here) -> dict[str, list[str]]:
    """Adding a member, or removing a stranger, is ignored; ids that are no contact come back as missing."""
    from hubspot.crm.lists.models import MembershipChangeRequest

    check(body, MembershipChangeRequest)
    to_add, to_remove = body["recordIdsToAdd"], body["recordIdsToRemove"]
    if len(to_add) + len(to_remove) > MAX_CHANGE:
        raise refuse(400, f"A change of memberships is limited to {MAX_CHANGE} records")
    stamp = sandbox.now().isoformat(timespec="milliseconds") + "Z"
    with sandbox.state.transaction() as db:
        row = _by_id(db, list_id)
        members = {str(found[0]) for found in db.execute(_MEMBERS, [row["id"]])}
        contacts = {str(found[0]) for found in db.execute("SELECT id FROM hubspot_contact")}
        added = [record for record in dict.fromkeys(to_add) if record in contacts and record not in members]
        removed = [record for record in dict.fromkeys(to_remove) if record in members]
        missing = [record for record in dict.fromkeys([*to_add, *to_remove]) if record not in contacts]
        db.executemany(
            "INSERT INTO hubspot_membership VALUES (?, ?, ?)", [(row["id"], int(record), stamp) for record in added]
        )
        db.executemany(
            "DELETE FROM hubspot_membership WHERE list_id = ? AND contact_id = ?",
            [(row["id"], int(record)) for record in removed],
        )
        db.execute("UPDATE hubspot_list SET updated = ? WHERE id = ?", [stamp, row["id"]])
    return {"recordIdsRemoved": removed, "recordsIdsAdded": added, "recordIdsMissing": missing}


@router.get("/crm/v3/lists/{list_id}/memberships")
def get_memberships(
    list_id: str, sandbox: Here, request: Request, limit: str = str(DEFAULT_PAGE), after: str = "0"
) -> dict[str, Any]:
    if not limit.isdigit() or not 1 <= int(limit) <= MAX_PAGE:
        raise refuse(400, f"limit must be 1 to {MAX_PAGE}")
    if not after.isdigit():
        raise refuse(400, f"after is not a cursor of this list: {after}")
    with sandbox.state.transaction() as db:
        row = _by_id(db, list_id)
        total = db.execute("SELECT count(*) FROM hubspot_membership WHERE list_id = ?", [row["id"]]).fetchone()[0]
        sql = f"{_MEMBERS} AND contact_id > ? ORDER BY contact_id LIMIT ?"
        found = db.execute(sql, [row["id"], int(after), int(limit) + 1]).fetchall()
    page = found[: int(limit)]
    body: dict[str, Any] = {
        "total": total,
        "results": [{"recordId": str(member[0]), "membershipTimestamp": member[1]} for member in page],
    }
    if len(found) > len(page):
        cursor = str(page[-1][0])
        link = f"{public_url(request)}{request.url.path}?limit={limit}&after={cursor}"
        body["paging"] = {"next": {"after": cursor, "link": link}}
    return body


_MISSING = ("OBJECT_NOT_FOUND",)
_MEMBERS = "SELECT contact_id, joined FROM hubspot_membership WHERE list_id = ?"


def _by_id(db: sqlite3.Connection, list_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM hubspot_list WHERE id = ?", [list_id]).fetchone()
    if row is None:
        raise refuse(404, f"List does not exist with ID {list_id}.", *_MISSING)
    return row


def _shown(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    size = db.execute("SELECT count(*) FROM hubspot_membership WHERE list_id = ?", [row["id"]]).fetchone()[0]
    return {
        "listId": str(row["id"]),
        "name": row["name"],
        "objectTypeId": CONTACTS,
        "processingType": row["processing"],
        "processingStatus": "COMPLETE",
        "listVersion": 1,
        "size": size,
        "createdAt": row["created"],
        "updatedAt": row["updated"],
    }
