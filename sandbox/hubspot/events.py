"""The log of what became of marketing e-mails, newest first.

https://developers.hubspot.com/docs/api-reference/legacy/reporting/email-analytics/events/get-email-public-v1-events
https://developers.hubspot.com/docs/api-reference/legacy/email-analytics-v1/guide (types and their fields)
"""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request

from sandbox import mail
from sandbox.context import Here
from sandbox.hubspot.contract import refuse

MAX_PAGE = 1_000
PORTAL, APP = 1_234_567, 113
PARAMETERS = {
    *("appId", "campaignId", "recipient", "eventType", "startTimestamp", "endTimestamp", "offset", "limit"),
    "excludeFilteredEvents",
}
TYPES = {
    "sent": "SENT",
    "open": "OPEN",
    "click": "CLICK",
    "bounce": "BOUNCE",
    "unsubscribe": "STATUSCHANGE",
    "complaint": "SPAMREPORT",
}

router = APIRouter()


@router.get("/email/public/v1/events")
def get_events(request: Request, sandbox: Here, limit: int = 10, offset: str = "") -> dict[str, Any]:
    query = request.query_params
    if unknown := set(query) - PARAMETERS:
        raise refuse(400, f"unknown parameter {min(unknown)}")
    if unsimulated := set(query) & {"appId", "campaignId", "recipient", "eventType", "excludeFilteredEvents"}:
        raise refuse(400, f"the sandbox does not simulate {min(unsimulated)}")
    if not 1 <= limit <= MAX_PAGE:
        raise refuse(400, f"limit is 1 to {MAX_PAGE}")
    since, before = _moment(query.get("startTimestamp")), _moment(query.get("endTimestamp"))
    found = mail.events(sandbox, "hubspot", kinds=tuple(TYPES), since=since or mail.EPOCH, before=before)
    found.reverse()
    at = _position(offset)
    page = found[at : at + limit]
    return {
        "hasMore": at + limit < len(found),
        "offset": base64.urlsafe_b64encode(str(at + limit).encode()).decode(),
        "events": [_shown(event) for event in page],
    }


def _shown(event: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "appId": APP,
        "appName": "Batch",
        "created": int(event["happened_at"].replace(tzinfo=UTC).timestamp() * 1000),
        "emailCampaignId": 70_000_000 + event["mailing_id"],
        "id": _uuid(event["event_id"]),
        "portalId": PORTAL,
        "recipient": event["email"],
        "type": TYPES[event["kind"]],
    }
    if event["kind"] == "click":
        shown["url"] = event["url"]
    if event["kind"] == "bounce":
        shown |= {"category": "UNKNOWN_USER", "response": "550 5.1.1 no such user", "status": "5.1.1"}
    if event["kind"] == "unsubscribe":
        shown |= {
            "portalSubscriptionStatus": "UNSUBSCRIBED",
            "requestedBy": event["email"],
            "source": "SOURCE_RECIPIENT",
        }
    return shown


def _uuid(number: int) -> str:
    digest = hashlib.sha256(f"hubspot-{number}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    if not text.isdigit():
        raise refuse(400, f"{text} is no time in milliseconds")
    return datetime.fromtimestamp(int(text) / 1000, UTC).replace(tzinfo=None)


def _position(offset: str) -> int:
    if not offset:
        return 0
    try:
        return int(base64.urlsafe_b64decode(offset))
    except ValueError as error:
        raise refuse(400, "Invalid offset: offsets are given, never made") from error
