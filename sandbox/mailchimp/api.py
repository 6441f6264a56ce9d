"""Mailchimp Marketing API 3.0: members of one audience, and its static segments. Stateful.

No contract of it is on PyPI; the stand-in follows the documentation pages, fields closed by hand:
https://mailchimp.com/developer/marketing/api/lists/batch-subscribe-or-unsubscribe/ (500 members; 200 with errors[])
https://mailchimp.com/developer/marketing/api/list-members/ (PUT by the MD5 of the lower-case address)
https://mailchimp.com/developer/marketing/api/list-segments/ (500 each way; addresses not in the audience are ignored)
https://mailchimp.com/developer/marketing/docs/fundamentals/#throttling (10 connections at a time)
"""

import base64
import hashlib
import json
import re
import sqlite3
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from sandbox import mail
from sandbox.access import LIST_ID
from sandbox.context import Here, JsonObject, Sandbox
from sandbox.errors import Refused, refusal, unauthenticated

MOST, CONNECTIONS, MAX_PAGE = 500, 10, 1_000
STATUSES = {"subscribed", "unsubscribed", "cleaned", "pending", "transactional"}
MEMBER_FIELDS = {
    *("email_address", "email_type", "status", "status_if_new", "merge_fields", "interests", "language", "vip"),
    *("location", "tags", "ip_signup", "timestamp_signup", "ip_opt", "timestamp_opt"),
}
MERGE_FIELDS = {"FNAME", "LNAME", "ADDRESS", "PHONE", "BIRTHDAY"}
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
COMPLIANCE = "is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."
SCHEMA = """
CREATE TABLE IF NOT EXISTS mailchimp_member (
    id TEXT PRIMARY KEY, email TEXT UNIQUE NOT NULL, status TEXT NOT NULL, is_forgotten INTEGER NOT NULL DEFAULT 0,
    merge_fields TEXT NOT NULL, changed TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mailchimp_merge_field (tag TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mailchimp_segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mailchimp_segment_member (
    segment_id INTEGER NOT NULL, member_id TEXT NOT NULL, PRIMARY KEY (segment_id, member_id));
"""


def refuse(status: int, detail: str, errors: list[dict[str, str]] | None = None) -> Refused:
    body = refusal("mailchimp", status, detail)
    return Refused(status, body | {"title": "Invalid Resource", "errors": errors} if errors else body)


def check_request(request: Request, sandbox: Here) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        try:
            given = base64.b64decode(given).decode().partition(":")[2]
        except ValueError:
            given = ""
    if given != sandbox.keys.mailchimp_key:
        raise Refused(*unauthenticated("mailchimp"))
    if request.app.state.traffic.under_way["mailchimp"] > CONNECTIONS:
        raise refuse(429, "You have exceeded the limit of 10 simultaneous connections.")


def check_list(list_id: str = LIST_ID) -> None:
    if list_id != LIST_ID:
        raise refuse(404, "The requested resource could not be found.")


router = APIRouter(prefix="/mailchimp/3.0", dependencies=[Depends(check_request), Depends(check_list)])


@router.get("/ping")
def ping() -> dict[str, str]:
    return {"health_status": "Everything's Chimpy!"}


@router.get("/lists/{list_id}")
def get_list(list_id: str, sandbox: Here) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        count = db.execute("SELECT count(*) FROM mailchimp_member WHERE status = 'subscribed'").fetchone()[0]
    return {"id": list_id, "name": "Customers", "stats": {"member_count": count}}


@router.post("/lists/{list_id}")
def change_members(list_id: str, body: JsonObject, sandbox: Here) -> dict[str, Any]:
    """Each member on its own: what cannot be done with one is told in `errors`, and does not keep the others back."""
    _closed(body, {"members", "update_existing", "sync_tags"}, "")
    members = body.get("members")
    if not isinstance(members, list) or not members:
        raise refuse(400, "Schema describes array, NULL found instead", [{"field": "members", "message": "required"}])
    if len(members) > MOST:
        raise refuse(400, f"The members array may hold at most {MOST} members, {len(members)} given")
    created: list[dict[str, Any]] = []
    updated: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    seen: set[str] = set()
    with sandbox.state.transaction() as db:
        tags = _merge_tags(db)
        for position, member in enumerate(members):
            _check_member(member, position)
            email = member["email_address"]
            problem = _problem(db, member, tags, seen, bool(body.get("update_existing")))
            seen.add(email.lower())
            if problem:
                errors.append({"email_address": email, "error": problem[0], "error_code": problem[1]})
                continue
            shown, is_new = _save(db, member, sandbox)
            (created if is_new else updated).append(shown)
    return {
        "new_members": created,
        "updated_members": updated,
        "errors": errors,
        "total_created": len(created),
        "total_updated": len(updated),
        "error_count": len(errors),
    }


@router.put("/lists/{list_id}/members/{member_id}")
def put_member(list_id: str, member_id: str, body: JsonObject, sandbox: Here) -> dict[str, Any]:
    _check_member(body, 0)
    if member_id != member_id_of(body["email_address"]):
        raise refuse(400, "The subscriber hash is not the MD5 of the lower-case address")
    with sandbox.state.transaction() as db:
        known = db.execute("SELECT 1 FROM mailchimp_member WHERE id = ?", [member_id]).fetchone()
        if known is None and "status_if_new" not in body and "status" not in body:
            raise refuse(400, "Your merge fields were invalid.", [{"field": "status_if_new", "message": "required"}])
        problem = _problem(db, body, _merge_tags(db), set(), True)
        if problem:
            raise refuse(400, problem[0])
        return _save(db, body, sandbox)[0]


@router.get("/lists/{list_id}/members/{member_id}")
def get_member(list_id: str, member_id: str, sandbox: Here) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        row = db.execute("SELECT * FROM mailchimp_member WHERE id = ? AND NOT is_forgotten", [member_id]).fetchone()
    if row is None:
        raise refuse(404, "The requested resource could not be found.")
    return _shown(row)


@router.get("/lists/{list_id}/members")
def get_members(list_id: str, request: Request, sandbox: Here, count: int = 10, offset: int = 0) -> dict[str, Any]:
    """Those we were sent, and those who signed up by themselves (sandbox/world/mail.py)."""
    query = request.query_params
    known = {"count", "offset", "since_last_changed", "before_last_changed", "sort_field", "sort_dir"}
    if unknown := set(query) - known:
        raise refuse(400, f"unknown parameter {min(unknown)}")
    if query.get("sort_field", "last_changed") != "last_changed" or query.get("sort_dir", "ASC") != "ASC":
        raise refuse(400, "the sandbox sorts by last_changed, ASC")
    since, before = moment(query.get("since_last_changed")), moment(query.get("before_last_changed"))
    with sandbox.state.transaction() as db:
        held = db.execute("SELECT * FROM mailchimp_member WHERE NOT is_forgotten ORDER BY id")
        members = [_shown(row) for row in held]
    pushed = {member["id"] for member in members}
    members += [
        shown for item in mail.subscribers(sandbox, "mailchimp") if (shown := _signed_up(item))["id"] not in pushed
    ]
    if "sort_field" in query:
        members.sort(key=lambda member: (member["last_changed"], member["id"]))
    found = [m for m in members if (since or mail.EPOCH) <= _changed(m) <= (before or datetime.max)]
    return {
        "members": found[offset : offset + _page(count)],
        "list_id": list_id,
        "total_items": len(found),
    }


@router.get("/lists/{list_id}/merge-fields")
def get_merge_fields(list_id: str, sandbox: Here) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        tags = sorted(_merge_tags(db))
    return {"merge_fields": [{"tag": tag, "name": tag, "type": "text"} for tag in tags], "total_items": len(tags)}


@router.post("/lists/{list_id}/merge-fields")
def create_merge_field(list_id: str, body: JsonObject, sandbox: Here) -> dict[str, Any]:
    _closed(body, {"tag", "name", "type", "required", "default_value", "public", "display_order", "help_text"}, "")
    if not body.get("name") or body.get("type") not in ("text", "number", "date", "phone", "url", "zip", "birthday"):
        raise refuse(400, "name and type are required", [{"field": "type", "message": "not a merge field type"}])
    tag = body.get("tag") or re.sub(r"[^A-Z0-9]", "", body["name"].upper())[:10]
    with sandbox.state.transaction() as db:
        if tag in _merge_tags(db):
            raise refuse(400, f"A Merge Field with the tag {tag} already exists for this list.")
        db.execute("INSERT INTO mailchimp_merge_field VALUES (?, ?, ?)", [tag, body["name"], body["type"]])
    return {"tag": tag, "name": body["name"], "type": body["type"]}


@router.post("/lists/{list_id}/segments")
def create_segment(list_id: str, body: JsonObject, sandbox: Here) -> dict[str, Any]:
    _closed(body, {"name", "static_segment"}, "")
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
        rows = db.execute("SELECT * FROM mailchimp_segment ORDER BY id LIMIT ? OFFSET ?", [_page(count), offset])
        segments = [_segment(db, row) for row in rows.fetchall()]
    return {"segments": segments, "list_id": list_id, "total_items": total}


@router.post("/lists/{list_id}/segments/{segment_id}")
def change_segment(list_id: str, segment_id: str, body: JsonObject, sandbox: Here) -> dict[str, Any]:
    _closed(body, {"members_to_add", "members_to_remove"}, "")
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
        members = db.execute(_MEMBERS + " LIMIT ? OFFSET ?", [row["id"], _page(count), offset])
        return {"members": [_shown(member) for member in members], "total_items": total}


@router.delete("/lists/{list_id}/segments/{segment_id}", status_code=204)
def delete_segment(list_id: str, segment_id: str, sandbox: Here) -> Response:
    with sandbox.state.transaction() as db:
        row = _segment_row(db, segment_id)
        db.execute("DELETE FROM mailchimp_segment_member WHERE segment_id = ?", [row["id"]])
        db.execute("DELETE FROM mailchimp_segment WHERE id = ?", [row["id"]])
    return Response(status_code=204)


def prepare(sandbox: Sandbox) -> None:
    """Make the account: one audience, empty."""
    sandbox.state.define(SCHEMA)


def held(sandbox: Sandbox) -> dict[str, dict[str, list[str]]]:
    """The account's truth: segment name -> addresses in it."""
    with sandbox.state.transaction() as db:
        segments = db.execute("SELECT id, name FROM mailchimp_segment ORDER BY name").fetchall()
        return {"segments": {row["name"]: [m["email"] for m in db.execute(_MEMBERS, [row["id"]])] for row in segments}}


_MEMBERS = (
    "SELECT m.* FROM mailchimp_segment_member s JOIN mailchimp_member m ON m.id = s.member_id "
    "WHERE s.segment_id = ? ORDER BY m.email"
)


def _closed(body: dict[str, Any], fields: set[str], where: str) -> None:
    unknown = sorted(set(body) - fields)
    if unknown:
        problem = [{"field": where + name, "message": "This field is not part of the schema"} for name in unknown]
        raise refuse(400, "The resource submitted could not be validated.", problem)


def _check_member(member: Any, position: int) -> None:
    if not isinstance(member, dict) or not isinstance(member.get("email_address"), str):
        raise refuse(
            400, "Invalid member", [{"field": f"members.item:{position}.email_address", "message": "required"}]
        )
    _closed(member, MEMBER_FIELDS, f"members.item:{position}.")
    for name in ("status", "status_if_new"):
        if name in member and member[name] not in STATUSES:
            raise refuse(400, f"{name} is not one of {', '.join(sorted(STATUSES))}")


def _problem(
    db: sqlite3.Connection, member: dict[str, Any], tags: set[str], seen: set[str], is_update: bool
) -> tuple[str, str] | None:
    """What the platform says of a member it will not take, with its code; None when it takes it."""
    email = member["email_address"]
    if not ADDRESS.fullmatch(email):
        return f"{email} looks fake or invalid, please enter a real email address.", "ERROR_GENERIC"
    if email.lower() in seen:
        return f"{email} is a duplicate of another member in this request", "ERROR_GENERIC"
    unknown = sorted(set(member.get("merge_fields") or {}) - tags)
    if unknown:
        return f"Your merge fields were invalid: {', '.join(unknown)}", "ERROR_GENERIC"
    row = db.execute("SELECT * FROM mailchimp_member WHERE id = ?", [member_id_of(email)]).fetchone()
    if row is not None and not is_update:
        return f"{email} is already a list member. Use update_existing to update.", "ERROR_CONTACT_EXISTS"
    if row is not None and row["status"] in ("unsubscribed", "cleaned") and member.get("status") == "subscribed":
        return f"{email} {COMPLIANCE}", "ERROR_MEMBER_IN_COMPLIANCE_STATE"
    if row is not None and row["is_forgotten"]:
        return f"{email} was permanently deleted and cannot be re-imported.", "ERROR_FORGOTTEN"
    if row is None and "status_if_new" not in member and "status" not in member:
        return f"{email}: status is required for a new member", "ERROR_GENERIC"
    return None


def _save(db: sqlite3.Connection, member: dict[str, Any], sandbox: Sandbox) -> tuple[dict[str, Any], bool]:
    member_id = member_id_of(member["email_address"])
    row = db.execute("SELECT * FROM mailchimp_member WHERE id = ?", [member_id]).fetchone()
    fields = (json.loads(row["merge_fields"]) if row else {}) | (member.get("merge_fields") or {})
    status = member.get("status") or (row["status"] if row else member.get("status_if_new"))
    db.execute(
        "INSERT INTO mailchimp_member (id, email, status, merge_fields, changed) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET status = excluded.status, merge_fields = excluded.merge_fields, "
        "changed = excluded.changed",
        [member_id, member["email_address"].lower(), status, json.dumps(fields), sandbox.now().isoformat() + "Z"],
    )
    return _shown(db.execute("SELECT * FROM mailchimp_member WHERE id = ?", [member_id]).fetchone()), row is None


def _join(db: sqlite3.Connection, segment_id: int, email: str) -> bool:
    """Whether the address is of the audience and was not in the segment yet; strangers are ignored in silence."""
    sql = "SELECT 1 FROM mailchimp_member WHERE id = ? AND NOT is_forgotten"
    if not db.execute(sql, [member_id_of(email)]).fetchone():
        return False
    sql = "INSERT OR IGNORE INTO mailchimp_segment_member VALUES (?, ?)"
    return bool(db.execute(sql, [segment_id, member_id_of(email)]).rowcount)


def _merge_tags(db: sqlite3.Connection) -> set[str]:
    return MERGE_FIELDS | {row["tag"] for row in db.execute("SELECT tag FROM mailchimp_merge_field")}


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


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "email_address": row["email"],
        "status": row["status"],
        "merge_fields": json.loads(row["merge_fields"]),
        "last_changed": row["changed"],
        "list_id": LIST_ID,
    }


def _signed_up(item: dict[str, Any]) -> dict[str, Any]:
    status = {None: "subscribed", "bounce": "cleaned"}.get(item["left_why"], "unsubscribed")
    return {
        "id": member_id_of(item["email"]),
        "email_address": item["email"],
        "status": status,
        "merge_fields": {"FNAME": item["first_name"], "LNAME": item["last_name"]},
        "last_changed": item["changed_at"].isoformat() + "Z",
        "list_id": LIST_ID,
    }


def _changed(member: dict[str, Any]) -> datetime:
    return moment(member["last_changed"]) or mail.EPOCH


def moment(text: str | None) -> datetime | None:
    """A time as naive UTC; None for none. Raises Refused when it is none of ISO 8601."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise refuse(400, f"{text} is no time of ISO 8601") from error
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _page(count: int) -> int:
    if not 1 <= count <= MAX_PAGE:
        raise refuse(400, f"count must be 1 to {MAX_PAGE}")
    return count


def member_id_of(email: str) -> str:
    """The id of a member: https://mailchimp.com/developer/marketing/docs/methods-parameters/#path-parameters"""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()
