"""All contacts: those we were sent, and those who signed up by themselves (sandbox/world/mail.py).

https://developers.brevo.com/reference/get-contacts (1,000 a page, by creation; modified after a time)
Fields are those of `GetContactDetails` in `brevo-python` 5.1.0. Who unsubscribed, complained or bounced for good is
`emailBlacklisted`: Brevo does not say which of them.
"""

import json
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request

from sandbox import mail
from sandbox.brevo.door import check_request, closed, refuse, text
from sandbox.context import Here, Sandbox

MAX_PAGE = 1_000
PARAMETERS = {"limit", "offset", "modifiedSince", "createdSince", "sort", "ids", "segmentId", "listIds", "filter"}
SIMULATED = {"limit", "offset", "modifiedSince", "sort"}
SIGNED_UP = 10_000_000
"""Ids of those who signed up begin after this."""
OPENED = "2017-01-01T00:00:00.000Z"
"""When contacts were made of whom an older sandbox does not know it."""

router = APIRouter(prefix="/brevo/v3", dependencies=[Depends(check_request)])


@router.get("/contacts")
def get_contacts(request: Request, sandbox: Here, limit: int = 50, offset: int = 0, sort: str = "desc") -> Any:
    query = request.query_params
    closed(query, PARAMETERS)
    if unsimulated := set(query) - SIMULATED:
        raise refuse(400, f"the sandbox does not simulate {min(unsimulated)}")
    if not 1 <= limit <= MAX_PAGE or offset < 0:
        raise refuse(400, f"limit is 1 to {MAX_PAGE}, offset not negative", "out_of_range")
    if sort not in ("asc", "desc"):
        raise refuse(400, "sort is asc or desc")
    since = _moment(query.get("modifiedSince"))
    found = [contact for contact in _contacts(sandbox) if contact["modifiedAt"] > since]
    found.sort(key=lambda contact: (contact["createdAt"], contact["id"]), reverse=sort == "desc")
    return {"contacts": found[offset : offset + limit], "count": len(found)}


def _contacts(sandbox: Sandbox) -> list[dict[str, Any]]:
    joined = (
        "SELECT *, (SELECT json_group_array(list_id) FROM brevo_membership WHERE contact_id = id) AS lists "
        "FROM brevo_contact LEFT JOIN brevo_change ON contact_id = id"
    )
    with sandbox.state.transaction() as db:
        held = db.execute(joined).fetchall()
    records = {row["email"]: _record(row) for row in held}
    for item in mail.subscribers(sandbox, "brevo"):
        known = records.get(item["email"])
        if known is None:
            records[item["email"]] = _signed_up(item)
        elif item["left_at"]:
            changed = max(known["modifiedAt"], text(item["left_at"]))
            records[item["email"]] = known | {"emailBlacklisted": True, "modifiedAt": changed}
    return list(records.values())


def _record(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "email": row["email"],
        "emailBlacklisted": bool(row["is_blacklisted"]),
        "smsBlacklisted": False,
        "createdAt": row["created"] or OPENED,
        "modifiedAt": row["modified"] or OPENED,
        "listIds": json.loads(row["lists"]),
        "attributes": json.loads(row["attributes"]),
    }


def _signed_up(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": SIGNED_UP + item["subscriber_id"],
        "email": item["email"],
        "emailBlacklisted": item["left_at"] is not None,
        "smsBlacklisted": False,
        "createdAt": text(item["subscribed_at"]),
        "modifiedAt": text(item["changed_at"]),
        "listIds": [],
        "attributes": {"FIRSTNAME": item["first_name"], "LASTNAME": item["last_name"]},
    }


def _moment(given: str | None) -> str:
    """A time as contacts carry it."""
    if given is None:
        return ""
    try:
        at = datetime.fromisoformat(given)
    except ValueError as error:
        raise refuse(400, f"modifiedSince: {error}") from error
    return text(at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at)
