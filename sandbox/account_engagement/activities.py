"""What became of letters, as visitor activities; and the account itself.

https://developer.salesforce.com/docs/marketing/pardot/guide/visitor-activity-v5.html
https://developer.salesforce.com/docs/marketing/pardot/guide/object-field-references.html (numbers of the types)
https://developer.salesforce.com/docs/data/data-cloud-ref/guide/c360dm-mcae-email-activity.html (which are of e-mail)
That `details` of a click holds the address clicked is a guess.
"""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from sandbox.account_engagement.contract import PLATFORM, check_request, chosen, page, parse, shown
from sandbox.context import Here

KNOWN: dict[str, type] = {
    "id": int,
    "type": int,
    "typeName": str,
    "createdAt": datetime,
    "updatedAt": datetime,
    "prospectId": int,
    "prospect.email": str,
    "details": str,
    "emailId": int,
    "emailTemplateId": int,
    "listEmailId": int,
    "listEmail.name": str,
}
FILTERABLE = ("id", "type", "createdAt", "updatedAt", "prospectId")
COLUMNS = """
    event_id AS id,
    CASE kind WHEN 'click' THEN 1 WHEN 'sent' THEN 6 WHEN 'open' THEN 11 WHEN 'unsubscribe' THEN 12
        WHEN 'bounce' THEN 13 WHEN 'complaint' THEN 14 END AS type,
    CASE kind WHEN 'click' THEN 'Email Tracker' ELSE 'Email' END AS "typeName",
    happened_at AS "createdAt", happened_at AS "updatedAt",
    subscriber_id AS "prospectId", email AS "prospect.email",
    coalesce(url, mailing.name) AS details,
    mailing_id * 100000 + subscriber_id AS "emailId", NULL AS "emailTemplateId",
    mailing_id AS "listEmailId", mailing.name AS "listEmail.name"
"""
ACCOUNT: dict[str, type] = {"id": int, "company": str, "level": str, "maximumDailyApiCalls": int, "apiCallsUsed": int}

router = APIRouter(prefix="/account_engagement/api/v5/objects", dependencies=[Depends(check_request)])


@router.get("/visitor-activities")
def query_activities(request: Request, sandbox: Here) -> JSONResponse:
    query = parse(request, KNOWN, FILTERABLE)
    conditions = "".join(f' AND "{field}" {sign} ?' for field, sign, _ in query.conditions)
    found = sandbox.world.cursor().execute(
        f"FROM (SELECT {COLUMNS} FROM mail_event JOIN mailing USING (platform, mailing_id) WHERE platform = ?) "
        f'WHERE "createdAt" <= ?{conditions} '
        f'ORDER BY "{query.order}" {"DESC" if query.is_descending else "ASC"}, id LIMIT ? OFFSET ?',
        [PLATFORM, sandbox.now(), *(value for _, _, value in query.conditions), query.limit + 1, query.offset],
    )
    names = [column[0] for column in found.description or ()]
    return page(request, query, [dict(zip(names, row, strict=True)) for row in found.fetchall()])


@router.get("/account")
def read_account(request: Request, fields: str = "") -> dict[str, Any]:
    usage = request.app.state.account_engagement_usage
    record = {
        "id": 1,
        "company": "Cohorte sandbox",
        "level": "Growth",
        "maximumDailyApiCalls": usage.limit,
        "apiCallsUsed": usage.used,
    }
    return shown(record, chosen(fields, ACCOUNT))
