"""Lists, and who is on them.

https://developer.salesforce.com/docs/marketing/pardot/guide/list-v5.html
https://developer.salesforce.com/docs/marketing/pardot/guide/list-membership-v5.html (deleted by its own id)
"""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from sandbox.account_engagement.contract import (
    check_request,
    chosen,
    closed,
    missing,
    page,
    parse,
    refuse,
    select,
    shown,
)
from sandbox.account_engagement.prospects import everybody
from sandbox.context import Here, JsonObject, Sandbox

LIST: dict[str, type] = {
    "id": int,
    "name": str,
    "title": str,
    "description": str,
    "isPublic": bool,
    "isDynamic": bool,
    "isDeleted": bool,
    "createdAt": datetime,
    "updatedAt": datetime,
}
MEMBERSHIP: dict[str, type] = {
    "id": int,
    "listId": int,
    "prospectId": int,
    "prospect.email": str,
    "optedOut": bool,
    "isDeleted": bool,
    "createdAt": datetime,
    "updatedAt": datetime,
}
SCHEMA = """
CREATE TABLE IF NOT EXISTS account_engagement_list (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, title TEXT, description TEXT,
    is_public INTEGER NOT NULL, created TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS account_engagement_membership (
    id INTEGER PRIMARY KEY AUTOINCREMENT, list_id INTEGER NOT NULL, prospect_id INTEGER NOT NULL, created TEXT NOT NULL,
    UNIQUE (list_id, prospect_id));
"""

router = APIRouter(prefix="/account_engagement/api/v5/objects", dependencies=[Depends(check_request)])


@router.get("/lists")
def query_lists(request: Request, sandbox: Here) -> JSONResponse:
    query = parse(request, LIST, ("id", "createdAt", "updatedAt"))
    with sandbox.state.transaction() as db:
        return page(request, query, select(query, map(_list, db.execute("SELECT * FROM account_engagement_list"))))


@router.get("/lists/{list_id}")
def read_list(list_id: int, sandbox: Here, fields: str = "") -> dict[str, Any]:
    names = chosen(fields, LIST)
    with sandbox.state.transaction() as db:
        return shown(_list(row_of_list(db, list_id)), names)


@router.post("/lists", status_code=201)
def create_list(body: JsonObject, sandbox: Here, fields: str = "") -> dict[str, Any]:
    names = chosen(fields, LIST)
    closed(body, {"name", "title", "description", "isPublic", "folderId", "campaignId"})
    if not isinstance(body.get("name"), str) or not body["name"].strip():
        raise refuse(153, "Missing required property in request: name")
    values = [body["name"], body.get("title"), body.get("description"), bool(body.get("isPublic"))]
    sql = "INSERT INTO account_engagement_list (name, title, description, is_public, created) VALUES (?, ?, ?, ?, ?)"
    with sandbox.state.transaction() as db:
        made = db.execute(sql, [*values, sandbox.now().isoformat()]).lastrowid
        return shown(_list(row_of_list(db, int(made or 0))), names)


@router.delete("/lists/{list_id}", status_code=204)
def delete_list(list_id: int, sandbox: Here) -> Response:
    with sandbox.state.transaction() as db:
        row_of_list(db, list_id)
        db.execute("DELETE FROM account_engagement_membership WHERE list_id = ?", [list_id])
        db.execute("DELETE FROM account_engagement_list WHERE id = ?", [list_id])
    return Response(status_code=204)


@router.get("/list-memberships")
def query_memberships(request: Request, sandbox: Here) -> JSONResponse:
    query = parse(request, MEMBERSHIP, ("id", "listId", "prospectId", "createdAt", "updatedAt"))
    with sandbox.state.transaction() as db:
        emails = {record["id"]: email for email, record in everybody(sandbox, db).items()}
        rows = db.execute("SELECT * FROM account_engagement_membership").fetchall()
        records = [_membership(row) | {"prospect.email": emails[row["prospect_id"]]} for row in rows]
        return page(request, query, select(query, records))


@router.post("/list-memberships", status_code=201)
def create_membership(body: JsonObject, sandbox: Here, fields: str = "") -> dict[str, Any]:
    names = chosen(fields, MEMBERSHIP)
    closed(body, {"listId", "prospectId"})
    with sandbox.state.transaction() as db:
        if not any(record["id"] == body.get("prospectId") for record in everybody(sandbox, db).values()):
            raise refuse(3, "Invalid prospect ID")
        if find_list(db, body.get("listId")) is None:
            raise refuse(55, "Invalid list ID")
        if not join(sandbox, db, body["listId"], body["prospectId"]):
            raise refuse(58, "That prospect is already a member of that list. Update the membership instead.")
        sql = "SELECT * FROM account_engagement_membership WHERE list_id = ? AND prospect_id = ?"
        return shown(_membership(db.execute(sql, [body["listId"], body["prospectId"]]).fetchone()), names)


@router.delete("/list-memberships/{membership_id}", status_code=204)
def delete_membership(membership_id: int, sandbox: Here) -> Response:
    with sandbox.state.transaction() as db:
        if not db.execute("DELETE FROM account_engagement_membership WHERE id = ?", [membership_id]).rowcount:
            raise missing("The requested record was not found.")
    return Response(status_code=204)


def find_list(db: Any, list_id: Any) -> Any:
    """The list's row, or None."""
    return db.execute("SELECT * FROM account_engagement_list WHERE id = ?", [list_id]).fetchone()


def row_of_list(db: Any, list_id: int) -> Any:
    if (row := find_list(db, list_id)) is None:
        raise missing("The requested record was not found.")
    return row


def join(sandbox: Sandbox, db: Any, list_id: int, prospect_id: int) -> bool:
    """Whether the prospect was not on the list before."""
    sql = "INSERT OR IGNORE INTO account_engagement_membership (list_id, prospect_id, created) VALUES (?, ?, ?)"
    return bool(db.execute(sql, [list_id, prospect_id, sandbox.now().isoformat()]).rowcount)


def leave(db: Any, list_id: int, prospect_id: int) -> None:
    sql = "DELETE FROM account_engagement_membership WHERE list_id = ? AND prospect_id = ?"
    db.execute(sql, [list_id, prospect_id])


def held(sandbox: Sandbox) -> dict[str, dict[str, list[str]]]:
    """The business unit's truth: list name -> e-mails on it."""
    sql = "SELECT prospect_id FROM account_engagement_membership WHERE list_id = ?"
    with sandbox.state.transaction() as db:
        emails = {record["id"]: email for email, record in everybody(sandbox, db).items()}
        lists = db.execute("SELECT * FROM account_engagement_list ORDER BY name").fetchall()
        on = {row["name"]: sorted(emails[m["prospect_id"]] for m in db.execute(sql, [row["id"]])) for row in lists}
    return {"lists": on}


def _list(row: Any) -> dict[str, Any]:
    created = datetime.fromisoformat(row["created"])
    return {
        "id": row["id"],
        "name": row["name"],
        "title": row["title"],
        "description": row["description"],
        "isPublic": bool(row["is_public"]),
        "isDynamic": False,
        "isDeleted": False,
        "createdAt": created,
        "updatedAt": created,
    }


def _membership(row: Any) -> dict[str, Any]:
    created = datetime.fromisoformat(row["created"])
    return {
        "id": row["id"],
        "listId": row["list_id"],
        "prospectId": row["prospect_id"],
        "optedOut": False,
        "isDeleted": False,
        "createdAt": created,
        "updatedAt": created,
    }
