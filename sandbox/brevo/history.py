"""The campaigns that were sent, and the history of marketing events as a file.

https://developers.brevo.com/reference/get-email-campaigns (100 a page, by creation)
https://developers.brevo.com/reference/export-webhooks-history (an enterprise feature; which the sandbox's account has)
https://developers.brevo.com/docs/fetch-all-your-weekly-marketing-events (the events; a large one is compressed)
https://developers.brevo.com/docs/marketing-webhooks (their attributes)
Parameters are those of `brevo-python` 5.1.0; of a campaign's fields those are shown that a reader could want.
Guesses: the file's columns, which are not documented (here: the attributes of the webhooks, by name); the size from
which it is compressed; that days are days in UTC.
"""

import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from sandbox import mail
from sandbox.brevo.door import RateLimit, check_request, closed, refuse, text
from sandbox.context import Here, JsonObject

MAX_PAGE = 100
EXPORTS_AN_HOUR = 100
ROWS_A_FILE = 50_000
"""More rows than this are several files, compressed."""
CAMPAIGN_PARAMETERS = {
    *("type", "status", "statistics", "startDate", "endDate", "limit", "offset", "sort"),
    *("excludeHtmlContent", "excludePdfAttachment"),
}
EXPORT_FIELDS = {
    *("days", "startDate", "endDate", "sort", "type", "event", "notifyURL", "webhookId", "email", "messageId"),
}
WORDS = {
    "sent": "delivered",
    "open": "opened",
    "click": "click",
    "bounce": "hard_bounce",
    "unsubscribe": "unsubscribe",
    "complaint": "spam",
}
COLUMNS = (
    *("id", "event", "email", "camp_id", "campaign name", "date_sent", "date_event", "ts_sent", "ts_event"),
    *("tag", "reason", "URL"),
)

router = APIRouter(prefix="/brevo/v3", dependencies=[Depends(check_request)])
files = APIRouter(prefix="/brevo/exports")


@router.get("/emailCampaigns")
def get_campaigns(request: Request, sandbox: Here, limit: int = 50, offset: int = 0, sort: str = "desc") -> Any:
    query = request.query_params
    closed(query, CAMPAIGN_PARAMETERS)
    if query.get("status") != "sent" or set(query) & {"type", "statistics", "startDate", "endDate"}:
        raise refuse(400, "the sandbox lists sent campaigns, all of them, without statistics")
    if not 1 <= limit <= MAX_PAGE or offset < 0:
        raise refuse(400, f"limit is 1 to {MAX_PAGE}, offset not negative", "out_of_range")
    found = mail.mailings(sandbox, "brevo")
    if sort == "desc":
        found.reverse()
    shown = [
        {
            "id": item["mailing_id"],
            "name": item["name"],
            "subject": item["subject"],
            "type": "classic",
            "status": "sent",
            "createdAt": text(item["sent_at"] - timedelta(hours=2)),
            "sentDate": text(item["sent_at"]),
            "htmlContent": "",
        }
        for item in found[offset : offset + limit]
    ]
    return {"campaigns": shown, "count": len(found)}


@router.post("/webhooks/export", status_code=202)
def export_history(body: JsonObject, request: Request, sandbox: Here) -> dict[str, int]:
    limit: RateLimit = request.app.state.brevo_exports
    limit.take()
    closed(body, EXPORT_FIELDS)
    for name in ("type", "event", "notifyURL"):
        if not isinstance(body.get(name), str):
            raise refuse(400, f"{name} is missing", "missing_parameter")
    if body["type"] != "marketing" or body["event"] != "allEvents" or body.keys() & {"email", "messageId", "webhookId"}:
        raise refuse(400, "the sandbox exports all marketing events of a time")
    first, last = _days(body, sandbox.now().date())
    with sandbox.state.transaction() as db:
        made = int(db.execute("INSERT INTO brevo_process (invalid) VALUES ('[]')").lastrowid or 0)
        before = last + timedelta(days=1)
        db.execute("INSERT INTO brevo_export VALUES (?, ?, ?)", [made, first.isoformat(), before.isoformat()])
    return {"processId": made}


@files.get("/{process_id}")
def get_file(process_id: int, sandbox: Here) -> Response:
    with sandbox.state.transaction() as db:
        row = db.execute("SELECT * FROM brevo_export WHERE process_id = ?", [process_id]).fetchone()
    if row is None:
        raise refuse(404, "no such file", "document_not_found")
    since, before = datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["before"])
    campaigns = {item["mailing_id"]: item for item in mail.mailings(sandbox, "brevo")}
    bounced = {
        (event["mailing_id"], event["email"])
        for event in mail.events(sandbox, "brevo", kinds=("bounce",), since=since, before=before)
    }
    rows = [
        _shown(event, campaigns[event["mailing_id"]])
        for event in mail.events(sandbox, "brevo", kinds=tuple(WORDS), since=since, before=before)
        if event["kind"] != "sent" or (event["mailing_id"], event["email"]) not in bounced
    ]
    parts = [rows[at : at + ROWS_A_FILE] for at in range(0, len(rows), ROWS_A_FILE)] or [[]]
    if len(parts) == 1:
        return Response(_csv(parts[0]), media_type="text/csv")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, part in enumerate(parts, 1):
            archive.writestr(f"{process_id}_{number}.csv", _csv(part))
    return Response(packed.getvalue(), media_type="application/zip")


def _days(body: dict[str, Any], today: date) -> tuple[date, date]:
    """First and last day asked for."""
    by_day = body.keys() & {"startDate", "endDate"}
    if ("days" in body) == bool(by_day) or len(by_day) == 1:
        raise refuse(400, "either days, or startDate and endDate", "missing_parameter")
    if "days" in body:
        if type(body["days"]) is not int or body["days"] < 1:
            raise refuse(400, "days is a positive integer")
        return today - timedelta(days=body["days"] - 1), today
    try:
        first, last = (datetime.strptime(body[name], "%Y-%m-%d").date() for name in ("startDate", "endDate"))
    except (TypeError, ValueError) as error:
        raise refuse(400, f"startDate and endDate are YYYY-MM-DD: {error}") from error
    if first > last:
        raise refuse(400, "startDate is after endDate")
    return first, last


def _shown(event: dict[str, Any], campaign: dict[str, Any]) -> dict[str, Any]:
    sent, at = campaign["sent_at"], event["happened_at"]
    return {
        "id": 101,
        "event": WORDS[event["kind"]],
        "email": event["email"],
        "camp_id": event["mailing_id"],
        "campaign name": campaign["name"],
        "date_sent": sent.isoformat(" ", "seconds"),
        "date_event": at.isoformat(" ", "seconds"),
        "ts_sent": int(sent.replace(tzinfo=UTC).timestamp()),
        "ts_event": int(at.replace(tzinfo=UTC).timestamp()),
        "tag": "",
        "reason": "user unknown" if event["kind"] == "bounce" else "",
        "URL": event["url"] or "",
    }


def _csv(rows: list[dict[str, Any]]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()
