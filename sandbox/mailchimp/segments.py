"""The static segments of one audience of Mailchimp.

https://mailchimp.com/developer/marketing/api/list-segments/ (500 each way; addresses not in the audience are ignored)
"""

import sqlite3
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from sandbox.access import LIST_ID
from sandbox.context import Here, JsonObject, Sandbox
from sandbox.mailchimp.account import MOST, check_fields, check_list, check_request, member_id_of, page_size, refuse
from sandbox.mailchimp.members import shown_member

_MEMBERS = (
    "SELECT m.* FROM mailchimp_segment_member s JOIN mailchimp_member m ON m.id = s.member_id "
    "WHERE s.segment_id = ? ORDER BY m.email"
)

router = APIRouter(prefix="/mailchimp/3.0", dependencies=[Depends(check_request), Depends(check_list)])


@router.post("/lists/{list_id}/segments")
def create_segment(list_id: str, body: JsonObject, sandbox: Here) -> dict[str, Any]:
    check_fields(body, {"name", "static_segment"}, "")
    if not body.get("name") or not isinstance(body.get("static_segment"), list):
        raise refuse(400, "name and static_segment are required: the sandbox keeps static segments only")
    with sandbox.state.transaction() as db:
        if db.execute("SELECT 1 FROM mailchimp_segment WHERE name = ?", [body["name"]]).fetchone():
            raise refuse(400, "Sorry, that tag already exists.")
        stamp = sandbox.now().isoformat() + "Z"
        row_id = db.execute(
            "INSERT INTO mailchimp_segment (name, created, updated) VALUES (?, ?, ?)", [body["name"], stamp, stamp]
        ).lastrowid
        for email in body["static_segment"]:
            _join(db, int(row_id or 0), email)
        return _segment(db, _segment_row(db, str(row_id)))


@router.get("/lists/{list_id}/segments")
def get_segments(list_id: str, sandbox: Here, count: int = 10, offset: int = 0) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        total = db.execute("SELECT count(*) FROM mailchimp_segment").fetchone()[0]
        rows = db.execute("SELECT * FROM mailchimp_segment ORDER BY id LIMIT ? OFFSET ?", [page_size(count), offset])
        segments = [_segment(db, row) for row in rows.fetchall()]
    return {"segments": segments, "list_id": list_id, "total_items": total}


@router.post("/lists/{list_id}/segments/{segment_id}")
def change_segment(list_id: str, segment_id: str, body: JsonObject, sandbox: Here) -> dict[str, Any]:
    check_fields(body, {"members_to_add", "members_to_remove"}, "")
    to_add, to_remove = body.get("members_to_add") or [], body.get("members_to_remove") or []
    for name, emails in (("members_to_add", to_add), ("members_to_remove", to_remove)):
        if not isinstance(emails, list) or len(emails) > MOST:
            raise refuse(400, f"{name} may hold at most {MOST} addresses")
    with sandbox.state.transaction() as db:
        row = _segment_row(db, segment_id)
        added = [email for email in to_add if _join(db, row["id"], email)]
        removed = []
        for email in to_remove:
            sql = "DELETE FROM mailchimp_segment_member WHERE segment_id = ? AND member_id = ?"
            if db.execute(sql, [row["id"], member_id_of(email)]).rowcount:
                removed.append(email)
        stamp = sandbox.now().isoformat() + "Z"
        db.execute("UPDATE mailchimp_segment SET updated = ? WHERE id = ?", [stamp, row["id"]])
    return {
        "members_added": [{"id": member_id_of(email), "email_address": email} for email in added],
        "members_removed": [{"id": member_id_of(email), "email_address": email} for email in removed],
        "errors": [],
        "total_added": len(added),
        "total_removed": len(removed),
        "error_count": 0,
    }


@router.get("/lists/{list_id}/segments/{segment_id}/members")
def get_segment_members(
    list_id: str, segment_id: str, sandbox: Here, count: int = 10, offset: int = 0
) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        row = _segment_row(db, segment_id)
        total = _size(db, row["id"])
        members = db.execute(_MEMBERS + " LIMIT ? OFFSET ?", [row["id"], page_size(count), offset])
        return {"members": [shown_member(member) for member in members], "total_items": total}


@router.delete("/lists/{list_id}/segments/{segment_id}", status_code=204)
def delete_segment(list_id: str, segment_id: str, sandbox: Here) -> Response:
    with sandbox.state.transaction() as db:
        row = _segment_row(db, segment_id)
        db.execute("DELETE FROM mailchimp_segment_member WHERE segment_id = ?", [row["id"]])
        db.execute("DELETE FROM mailchimp_segment WHERE id = ?", [row["id"]])
    return Response(status_code=204)


def held(sandbox: Sandbox) -> dict[str, dict[str, list[str]]]:
    """The account's truth: segment name -> addresses in it."""
    with sandbox.state.transaction() as db:
        segments = db.execute("SELECT id, name FROM mailchimp_segment ORDER BY name").fetchall()
        return {"segments": {row["name"]: [m["email"] for m in db.execute(_MEMBERS, [row["id"]])] for row in segments}}


def _join(db: sqlite3.Connection, segment_id: int, email: str) -> bool:
    """Whether the address is of the audience and was not in the segment yet; strangers are ignored in silence."""
    sql = "SELECT 1 FROM mailchimp_member WHERE id = ? AND NOT is_forgotten"
    if not db.execute(sql, [member_id_of(email)]).fetchone():
        return False
    sql = "INSERT OR IGNORE INTO mailchimp_segment_member VALUES (?, ?)"
    return bool(db.execute(sql, [segment_id, member_id_of(email)]).rowcount)


def _segment_row(db: sqlite3.Connection, segment_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM mailchimp_segment WHERE id = ?", [segment_id]).fetchone()
    if row is None:
        raise refuse(404, "The requested resource could not be found.")
    return row


def _segment(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "type": "static",
        "member_count": _size(db, row["id"]),
        "created_at": row["created"],
        "updated_at": row["updated"],
        "list_id": LIST_ID,
    }


def _size(db: sqlite3.Connection, segment_id: int) -> int:
    sql = "SELECT count(*) FROM mailchimp_segment_member WHERE segment_id = ?"
    return int(db.execute(sql, [segment_id]).fetchone()[0])
