"""The members of one audience of Mailchimp, and their merge fields.

https://mailchimp.com/developer/marketing/api/lists/batch-subscribe-or-unsubscribe/ (500 members; 200 with errors[])
https://mailchimp.com/developer/marketing/api/list-members/ (PUT by the MD5 of the lower-case address)
https://mailchimp.com/developer/marketing/api/list-merges/
"""

import json
import re
import sqlite3
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request

from sandbox import mail
from sandbox.access import LIST_ID
from sandbox.context import Here, JsonObject, Sandbox
from sandbox.mailchimp.account import (
    MOST,
    check_fields,
    check_list,
    check_request,
    member_id_of,
    moment,
    page_size,
    refuse,
)

STATUSES = {"subscribed", "unsubscribed", "cleaned", "pending", "transactional"}
MEMBER_FIELDS = {
    *("email_address", "email_type", "status", "status_if_new", "merge_fields", "interests", "language", "vip"),
    *("location", "tags", "ip_signup", "timestamp_signup", "ip_opt", "timestamp_opt"),
}
MERGE_FIELDS = {"FNAME", "LNAME", "ADDRESS", "PHONE", "BIRTHDAY"}
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
COMPLIANCE = "is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."

router = APIRouter(prefix="/mailchimp/3.0", dependencies=[Depends(check_request), Depends(check_list)])


@router.get("/lists/{list_id}")
def get_list(list_id: str, sandbox: Here) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        count = db.execute("SELECT count(*) FROM mailchimp_member WHERE status = 'subscribed'").fetchone()[0]
    return {"id": list_id, "name": "Customers", "stats": {"member_count": count}}


@router.post("/lists/{list_id}")
def change_members(list_id: str, body: JsonObject, sandbox: Here) -> dict[str, Any]:
    """Each member on its own: what cannot be done with one is told in `errors`, and does not keep the others back."""
    check_fields(body, {"members", "update_existing", "sync_tags"}, "")
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
    return shown_member(row)


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
        members = [shown_member(row) for row in held]
    pushed = {member["id"] for member in members}
    members += [
        shown for item in mail.subscribers(sandbox, "mailchimp") if (shown := _signed_up(item))["id"] not in pushed
    ]
    if "sort_field" in query:
        members.sort(key=lambda member: (member["last_changed"], member["id"]))
    found = [m for m in members if (since or mail.EPOCH) <= _changed(m) <= (before or datetime.max)]
    return {
        "members": found[offset : offset + page_size(count)],
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
    check_fields(body, {"tag", "name", "type", "required", "default_value", "public", "display_order", "help_text"}, "")
    if not body.get("name") or body.get("type") not in ("text", "number", "date", "phone", "url", "zip", "birthday"):
        raise refuse(400, "name and type are required", [{"field": "type", "message": "not a merge field type"}])
    tag = body.get("tag") or re.sub(r"[^A-Z0-9]", "", body["name"].upper())[:10]
    with sandbox.state.transaction() as db:
        if tag in _merge_tags(db):
            raise refuse(400, f"A Merge Field with the tag {tag} already exists for this list.")
        db.execute("INSERT INTO mailchimp_merge_field VALUES (?, ?, ?)", [tag, body["name"], body["type"]])
    return {"tag": tag, "name": body["name"], "type": body["type"]}


def _check_member(member: Any, position: int) -> None:
    if not isinstance(member, dict) or not isinstance(member.get("email_address"), str):
        raise refuse(
            400, "Invalid member", [{"field": f"members.item:{position}.email_address", "message": "required"}]
        )
    check_fields(member, MEMBER_FIELDS, f"members.item:{position}.")
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
    return shown_member(db.execute("SELECT * FROM mailchimp_member WHERE id = ?", [member_id]).fetchone()), row is None


def _merge_tags(db: sqlite3.Connection) -> set[str]:
    return MERGE_FIELDS | {row["tag"] for row in db.execute("SELECT tag FROM mailchimp_merge_field")}


def shown_member(row: sqlite3.Row) -> dict[str, Any]:
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
