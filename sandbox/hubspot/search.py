"""Contacts by a search: those we were sent, and those who signed up by themselves (sandbox/world/mail.py).

https://developers.hubspot.com/docs/guides/api/crm/search (200 a page, 10,000 results a search, five requests a second)
"""

import json
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends

from sandbox import mail
from sandbox.context import Here, JsonObject, Sandbox
from sandbox.hubspot.contract import check, refuse
from sandbox.hubspot.rate import check_searches

MAX_PAGE, MOST = 200, 10_000
OPERATORS = {"GTE": "__ge__", "GT": "__gt__", "LT": "__lt__", "LTE": "__le__"}
SIGNED_UP = 10_000_000
"""Record ids of those who signed up begin after this."""
SHOWN = {
    *("email", "firstname", "lastname", "createdate", "lastmodifieddate", "hs_object_id"),
    *("hs_email_optout", "hs_email_hard_bounce_reason_enum"),
}

router = APIRouter()


@router.post("/crm/v3/objects/contacts/search", dependencies=[Depends(check_searches)])
def search(body: JsonObject, sandbox: Here) -> dict[str, Any]:
    from hubspot.crm.contacts.models import PublicObjectSearchRequest

    check(body, PublicObjectSearchRequest)
    limit, after = body.get("limit", 10), body.get("after", "0")
    if not 1 <= limit <= MAX_PAGE:
        raise refuse(400, f"The limit is 1 to {MAX_PAGE}")
    if not after.isdigit() or int(after) + limit > MOST:
        raise refuse(400, f"Paging ends at {MOST} results")
    if body.get("sorts", ["lastmodifieddate"]) != ["lastmodifieddate"]:
        raise refuse(400, "the sandbox sorts by lastmodifieddate, ascending")
    if unknown := set(body.get("properties", ())) - SHOWN:
        raise refuse(400, f"Property {min(unknown)} does not exist")
    found = sorted(_contacts(sandbox), key=lambda item: (item["updatedAt"], int(item["id"])))
    for group in body.get("filterGroups", ())[:1]:
        for condition in group["filters"]:
            found = [item for item in found if _holds(item, condition)]
    page = found[int(after) : int(after) + limit]
    wanted = {*body.get("properties", ()), "createdate", "lastmodifieddate", "hs_object_id"}
    shown = [item | {"properties": {n: item["properties"].get(n) for n in sorted(wanted)}} for item in page]
    more = int(after) + limit
    paging = {"paging": {"next": {"after": str(more)}}} if more < len(found) else {}
    return {"total": len(found), "results": shown} | paging


def _holds(item: dict[str, Any], condition: dict[str, Any]) -> bool:
    if condition.get("propertyName") != "lastmodifieddate" or condition.get("operator") not in OPERATORS:
        raise refuse(400, "the sandbox filters lastmodifieddate by GT, GTE, LT and LTE")
    try:
        bound = datetime.fromtimestamp(int(condition["value"]) / 1000, UTC)
    except (KeyError, ValueError) as error:
        raise refuse(400, f"value is no time in milliseconds: {error}") from error
    changed = datetime.fromisoformat(item["updatedAt"])
    return bool(getattr(changed, OPERATORS[condition["operator"]])(bound))


def _contacts(sandbox: Sandbox) -> list[dict[str, Any]]:
    with sandbox.state.transaction() as db:
        held = db.execute("SELECT * FROM hubspot_contact").fetchall()
    records = [
        _record(str(row["id"]), json.loads(row["properties"]) | {"email": row["email"]}, row["created"], row["updated"])
        for row in held
    ]
    known = {row["email"] for row in held}
    for item in mail.subscribers(sandbox, "hubspot"):
        if item["email"] not in known:
            left = item["left_why"]
            properties = {"email": item["email"], "firstname": item["first_name"], "lastname": item["last_name"]}
            properties |= {"hs_email_optout": "true"} if left in ("unsubscribe", "complaint") else {}
            properties |= {"hs_email_hard_bounce_reason_enum": "UNKNOWN_USER"} if left == "bounce" else {}
            number = str(SIGNED_UP + item["subscriber_id"])
            records.append(_record(number, properties, _text(item["subscribed_at"]), _text(item["changed_at"])))
    return records


def _record(number: str, properties: dict[str, Any], created: str, updated: str) -> dict[str, Any]:
    own = {"createdate": created, "lastmodifieddate": updated, "hs_object_id": number}
    return {
        "id": number,
        "properties": properties | own,
        "createdAt": created,
        "updatedAt": updated,
        "archived": False,
    }


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds") + "Z"
