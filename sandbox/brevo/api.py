"""Brevo's contacts, lists and imports.

https://developers.brevo.com/reference/import-contacts (10 MB a body; unknown attributes are ignored)
https://developers.brevo.com/reference/remove-contact-from-list (150 e-mails a call)
https://developers.brevo.com/reference/get-lists (pages of 50 at most)

Field names are those of the request models of `brevo-python` 5.1.0 (wheel, sha256
f52dba6ca8d784ff2b6250ff8dacfc58fe55143158bf97f5df3cada5d36507b3), closed to all others.
Two things the reference does not say are guesses: the layout of the CSV of invalid addresses, and the 400 for a
removal that finds nobody.
"""

import json
import re
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response

from sandbox.access import FOLDER_ID
from sandbox.brevo.door import check_request, closed, refuse, text
from sandbox.context import Here, JsonObject, Sandbox, public_url

MOST, MAX_PAGE, MAX_BODY = 150, 50, 10_000_000
IMPORT_FIELDS = {
    *("disableNotification", "emailBlacklist", "emptyContactsAttributes", "fileBody", "fileUrl", "jsonBody"),
    *("listIds", "consentGroupIds", "newList", "notifyUrl", "smsBlacklist", "updateExistingContacts"),
}
ATTRIBUTES = {"FIRSTNAME", "LASTNAME", "SMS"}
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
SCHEMA = """
CREATE TABLE IF NOT EXISTS brevo_contact (
    id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE NOT NULL, attributes TEXT NOT NULL,
    is_blacklisted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS brevo_list (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS brevo_membership (
    list_id INTEGER NOT NULL, contact_id INTEGER NOT NULL, PRIMARY KEY (list_id, contact_id));
CREATE TABLE IF NOT EXISTS brevo_process (
    id INTEGER PRIMARY KEY AUTOINCREMENT, invalid TEXT NOT NULL, reads INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS brevo_change (contact_id INTEGER PRIMARY KEY, created TEXT NOT NULL, modified TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS brevo_export (process_id INTEGER PRIMARY KEY, since TEXT NOT NULL, before TEXT NOT NULL);
"""


router = APIRouter(prefix="/brevo/v3", dependencies=[Depends(check_request)])
reports = APIRouter(prefix="/brevo/reports")


@router.get("/account")
def get_account() -> dict[str, Any]:
    """https://developers.brevo.com/reference/get-account"""
    return {
        "email": "owner@example.com",
        "firstName": "Olga",
        "lastName": "Owner",
        "companyName": "Corner Market",
        "address": {"street": "1 Main Street", "zipCode": "45202", "city": "Cincinnati", "country": "United States"},
        "plan": [{"type": "subscription", "credits": 100_000, "creditsType": "sendLimit"}],
    }


@router.post("/contacts/import", status_code=202)
def import_contacts(body: JsonObject, sandbox: Here) -> dict[str, int]:
    closed(body, IMPORT_FIELDS)
    if len(json.dumps(body)) > MAX_BODY:
        raise refuse(400, "The body is larger than 10MB", "out_of_range")
    contacts, list_ids = body.get("jsonBody"), body.get("listIds")
    if not isinstance(contacts, list) or not contacts:
        raise refuse(400, "the sandbox imports jsonBody only, and it is empty or missing", "missing_parameter")
    if not isinstance(list_ids, list) or not list_ids or not all(type(number) is int for number in list_ids):
        raise refuse(400, "listIds is missing or not a list of numbers", "missing_parameter")
    invalid = []
    with sandbox.state.transaction() as db:
        for number in list_ids:
            if not db.execute("SELECT 1 FROM brevo_list WHERE id = ?", [number]).fetchone():
                raise refuse(400, "List does not exist")
        for contact in contacts:
            if not isinstance(contact, dict):
                raise refuse(400, "jsonBody holds something that is not an object")
            closed(contact, {"email", "attributes"})
            email = contact.get("email")
            if not isinstance(email, str) or not ADDRESS.fullmatch(email.strip()):
                invalid.append(str(email))
                continue
            contact_id = _save(db, email.strip().lower(), contact.get("attributes") or {}, body)
            db.execute(
                "INSERT INTO brevo_change VALUES (?, ?, ?) "
                "ON CONFLICT (contact_id) DO UPDATE SET modified = excluded.modified",
                [contact_id, text(sandbox.now()), text(sandbox.now())],
            )
            for number in list_ids:
                db.execute("INSERT OR IGNORE INTO brevo_membership VALUES (?, ?)", [number, contact_id])
        made = db.execute("INSERT INTO brevo_process (invalid) VALUES (?)", [json.dumps(invalid)])
        return {"processId": int(made.lastrowid or 0)}


@router.get("/processes/{process_id}")
def get_process(process_id: int, sandbox: Here, request: Request) -> dict[str, Any]:
    """Queued at the first look, completed from the second on."""
    with sandbox.state.transaction() as db:
        row = db.execute("SELECT * FROM brevo_process WHERE id = ?", [process_id]).fetchone()
        if row is None:
            raise refuse(404, "Process does not exist", "document_not_found")
        db.execute("UPDATE brevo_process SET reads = reads + 1 WHERE id = ?", [process_id])
        is_export = db.execute("SELECT 1 FROM brevo_export WHERE process_id = ?", [process_id]).fetchone()
    shown: dict[str, Any] = {
        "id": process_id,
        "name": "EXPORT_WEBHOOK" if is_export else "IMPORTUSER",
        "status": "completed" if row["reads"] else "queued",
    }
    if is_export and row["reads"]:
        shown["export_url"] = f"{public_url(request)}/brevo/exports/{process_id}"
    elif row["reads"]:
        report = f"{public_url(request)}/brevo/reports/{process_id}.csv" if json.loads(row["invalid"]) else None
        shown["info"] = {"import": {"invalid_emails": report, "duplicate_email_id": None}}
    return shown


@reports.get("/{process_id}.csv")
def get_report(process_id: int, sandbox: Here) -> PlainTextResponse:
    with sandbox.state.transaction() as db:
        row = db.execute("SELECT invalid FROM brevo_process WHERE id = ?", [process_id]).fetchone()
    if row is None:
        raise refuse(404, "no such report", "document_not_found")
    return PlainTextResponse("\n".join(["EMAIL", *json.loads(row["invalid"])]) + "\n", media_type="text/csv")


@router.get("/contacts/lists")
def get_lists(sandbox: Here, limit: int = 10, offset: int = 0) -> dict[str, Any]:
    if not 1 <= limit <= MAX_PAGE:
        raise refuse(400, f"limit is 1 to {MAX_PAGE}", "out_of_range")
    with sandbox.state.transaction() as db:
        count = db.execute("SELECT count(*) FROM brevo_list").fetchone()[0]
        rows = db.execute("SELECT * FROM brevo_list ORDER BY id LIMIT ? OFFSET ?", [limit, offset]).fetchall()
    return {"count": count, "lists": [{"id": r["id"], "name": r["name"], "folderId": FOLDER_ID} for r in rows]}


@router.post("/contacts/lists", status_code=201)
def create_list(body: JsonObject, sandbox: Here) -> dict[str, int]:
    closed(body, {"name", "folderId"})
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise refuse(400, "name is missing", "missing_parameter")
    if body.get("folderId") != FOLDER_ID:
        raise refuse(400, "Folder ID does not exist")
    with sandbox.state.transaction() as db:
        return {"id": int(db.execute("INSERT INTO brevo_list (name) VALUES (?)", [body["name"]]).lastrowid or 0)}


@router.get("/contacts/lists/{list_id}")
def get_list(list_id: int, sandbox: Here) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        row = _list(db, list_id)
    return {"id": row["id"], "name": row["name"], "folderId": FOLDER_ID}


@router.delete("/contacts/lists/{list_id}", status_code=204)
def delete_list(list_id: int, sandbox: Here) -> Response:
    with sandbox.state.transaction() as db:
        _list(db, list_id)
        db.execute("DELETE FROM brevo_membership WHERE list_id = ?", [list_id])
        db.execute("DELETE FROM brevo_list WHERE id = ?", [list_id])
    return Response(status_code=204)


@router.post("/contacts/lists/{list_id}/contacts/remove", status_code=201)
def remove_contacts(list_id: int, body: JsonObject, sandbox: Here) -> dict[str, Any]:
    closed(body, {"emails"})
    emails = body.get("emails")
    if not isinstance(emails, list) or not 1 <= len(emails) <= MOST:
        raise refuse(400, f"emails holds 1 to {MOST} addresses", "out_of_range")
    with sandbox.state.transaction() as db:
        _list(db, list_id)
        sql = (
            "DELETE FROM brevo_membership WHERE list_id = ? AND contact_id = "
            "(SELECT id FROM brevo_contact WHERE email = ?)"
        )
        gone = [email for email in emails if db.execute(sql, [list_id, str(email).lower()]).rowcount]
    if not gone:
        raise refuse(400, "Contact already removed from list and/or does not exist")
    return {"contacts": {"success": gone, "failure": [email for email in emails if email not in gone]}}


@router.get("/contacts/{email}")
def get_contact(email: str, sandbox: Here) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        row = db.execute("SELECT * FROM brevo_contact WHERE email = ?", [email.lower()]).fetchone()
    if row is None:
        raise refuse(404, "Contact does not exist", "document_not_found")
    return {
        "id": row["id"],
        "email": row["email"],
        "emailBlacklisted": bool(row["is_blacklisted"]),
        "attributes": json.loads(row["attributes"]),
    }


def prepare(sandbox: Sandbox) -> None:
    """Make the account: one folder, no list."""
    sandbox.state.define(SCHEMA)


def held(sandbox: Sandbox) -> dict[str, dict[str, list[str]]]:
    """The account's truth: list name -> e-mails on it."""
    members = (
        "SELECT email FROM brevo_contact c JOIN brevo_membership m ON m.contact_id = c.id "
        "WHERE m.list_id = ? ORDER BY email"
    )
    with sandbox.state.transaction() as db:
        lists = db.execute("SELECT * FROM brevo_list ORDER BY name").fetchall()
        return {"lists": {row["name"]: [m["email"] for m in db.execute(members, [row["id"]])] for row in lists}}


def _list(db: Any, list_id: int) -> Any:
    row = db.execute("SELECT * FROM brevo_list WHERE id = ?", [list_id]).fetchone()
    if row is None:
        raise refuse(404, "List ID does not exist", "document_not_found")
    return row


def _save(db: Any, email: str, given: dict[str, Any], body: dict[str, Any]) -> int:
    """The contact's id, after its attributes are written as the import's switches say."""
    row = db.execute("SELECT * FROM brevo_contact WHERE email = ?", [email]).fetchone()
    is_blacklisted = int(bool(body.get("emailBlacklist")))
    if row is None:
        kept = {name: value for name, value in given.items() if name in ATTRIBUTES and value not in (None, "")}
        sql = "INSERT INTO brevo_contact (email, attributes, is_blacklisted) VALUES (?, ?, ?)"
        return int(db.execute(sql, [email, json.dumps(kept), is_blacklisted]).lastrowid)
    if body.get("updateExistingContacts", True):
        kept = json.loads(row["attributes"])
        for name in given.keys() & ATTRIBUTES:
            if given[name] not in (None, ""):
                kept[name] = given[name]
            elif body.get("emptyContactsAttributes"):
                kept.pop(name, None)
        sql = "UPDATE brevo_contact SET attributes = ?, is_blacklisted = max(is_blacklisted, ?) WHERE id = ?"
        db.execute(sql, [json.dumps(kept), is_blacklisted, row["id"]])
    return int(row["id"])
