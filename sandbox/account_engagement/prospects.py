"""Prospects: those we were sent, and those who signed up by themselves (sandbox/world/mail.py); a person is both.

https://developer.salesforce.com/docs/marketing/pardot/guide/prospect-v5.html
An address is one prospect here: the business unit does not allow several with the same one.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from sandbox import mail
from sandbox.account_engagement.contract import (
    PLATFORM,
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
from sandbox.context import Here, JsonObject, Sandbox

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
PROPERTIES = {
    *("firstName", "lastName", "salutation", "company", "department", "industry", "jobTitle", "website", "phone"),
    *("addressOne", "addressTwo", "city", "state", "zip", "country", "territory", "source", "comments", "campaignId"),
}
"""What may be written besides the address and consent; the business unit has no fields of its own."""
CONSENT = {"optedOut", "isDoNotEmail"}
KNOWN: dict[str, type] = dict.fromkeys(PROPERTIES, str) | {
    "id": int,
    "email": str,
    "optedOut": bool,
    "isDoNotEmail": bool,
    "isEmailHardBounced": bool,
    "emailBouncedAt": datetime,
    "emailBouncedReason": str,
    "isDeleted": bool,
    "createdAt": datetime,
    "updatedAt": datetime,
}
FILTERABLE = ("id", "email", "createdAt", "updatedAt")
FIRST_PUSHED = 10_000_000
"""Ids from here on are of people who never signed up by themselves."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS account_engagement_prospect (
    id INTEGER PRIMARY KEY, email TEXT UNIQUE NOT NULL, properties TEXT NOT NULL,
    created TEXT NOT NULL, updated TEXT NOT NULL);
"""

Record = dict[str, Any]
router = APIRouter(prefix="/account_engagement/api/v5/objects/prospects", dependencies=[Depends(check_request)])


@router.get("")
def query_prospects(request: Request, sandbox: Here) -> JSONResponse:
    query = parse(request, KNOWN, FILTERABLE)
    with sandbox.state.transaction() as db:
        return page(request, query, select(query, everybody(sandbox, db).values()))


@router.get("/{prospect_id}")
def read_prospect(prospect_id: int, sandbox: Here, fields: str = "") -> dict[str, Any]:
    names = chosen(fields, KNOWN)
    with sandbox.state.transaction() as db:
        for record in everybody(sandbox, db).values():
            if record["id"] == prospect_id:
                return shown(record, names)
    raise missing("The requested record was not found.")


@router.post("/do/upsertLatestByEmail")
def upsert_latest_by_email(body: JsonObject, sandbox: Here) -> dict[str, Any]:
    closed(body, {"matchEmail", "prospect", "fields", "secondaryDeletedSearch"})
    given, match = body.get("prospect"), body.get("matchEmail")
    if not isinstance(given, dict) or not isinstance(match, str):
        raise refuse(207, "Missing required action argument")
    closed(given, PROPERTIES | CONSENT | {"email"})
    names = chosen(",".join(body.get("fields") or ()), KNOWN)
    if not ADDRESS.fullmatch(match.strip()):
        raise refuse(4, "Invalid prospect email address")
    with sandbox.state.transaction() as db:
        email = match.strip().lower()
        save(sandbox, db, everybody(sandbox, db).get(email), email, {n: v for n, v in given.items() if n != "email"})
        return shown(everybody(sandbox, db)[email], names)


def everybody(sandbox: Sandbox, db: Any) -> dict[str, Record]:
    """E-mail -> prospect."""
    found = {item["email"]: _signed_up(item) for item in mail.subscribers(sandbox, PLATFORM)}
    for row in db.execute("SELECT * FROM account_engagement_prospect"):
        known = found.get(row["email"], {"email": row["email"]} | dict.fromkeys(KNOWN.keys() - {"email"}))
        properties = json.loads(row["properties"])
        written = {"id": row["id"], "updatedAt": datetime.fromisoformat(row["updated"])}
        out = {name: bool(known[name] or properties.get(name)) for name in (*CONSENT, "isEmailHardBounced")}
        written["updatedAt"] = max(written["updatedAt"], known["updatedAt"] or mail.EPOCH)
        created = known["createdAt"] or datetime.fromisoformat(row["created"])
        found[row["email"]] = known | properties | written | out | {"createdAt": created, "isDeleted": False}
    return found


def save(sandbox: Sandbox, db: Any, known: Record | None, email: str, given: Mapping[str, Any]) -> int:
    """The prospect's id, after what is `given` is written; None empties a field."""
    now = sandbox.now().isoformat()
    row = db.execute("SELECT * FROM account_engagement_prospect WHERE email = ?", [email]).fetchone()
    properties = {name: value for name, value in given.items() if value is not None}
    if row:
        properties = {n: v for n, v in (json.loads(row["properties"]) | dict(given)).items() if v is not None}
        sql = "UPDATE account_engagement_prospect SET properties = ?, updated = ? WHERE id = ?"
        db.execute(sql, [json.dumps(properties), now, row["id"]])
        return int(row["id"])
    newest = db.execute("SELECT max(id) FROM account_engagement_prospect").fetchone()[0] or 0
    number = known["id"] if known else max(newest, FIRST_PUSHED) + 1
    sql = "INSERT INTO account_engagement_prospect VALUES (?, ?, ?, ?, ?)"
    db.execute(sql, [number, email, json.dumps(properties), now, now])
    return int(number)


def _signed_up(item: Mapping[str, Any]) -> Record:
    """A reader of the newsletter; who complains is opted out, too."""
    is_bounced = item["left_why"] == "bounce"
    return dict.fromkeys(KNOWN) | {
        "id": item["subscriber_id"],
        "email": item["email"],
        "firstName": item["first_name"],
        "lastName": item["last_name"],
        "optedOut": item["left_why"] in ("unsubscribe", "complaint"),
        "isDoNotEmail": False,
        "isEmailHardBounced": is_bounced,
        "emailBouncedAt": item["left_at"] if is_bounced else None,
        "emailBouncedReason": "550 5.1.1 user unknown" if is_bounced else None,
        "isDeleted": False,
        "createdAt": item["subscribed_at"],
        "updatedAt": item["changed_at"],
    }
