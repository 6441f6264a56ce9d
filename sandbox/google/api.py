"""Analytics Data API v1beta: `runReport`.

https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/properties/runReport
Quotas: https://developers.google.com/analytics/devguides/reporting/data/v1/quotas
"""

import threading
import time
from typing import Any

import pyarrow as pa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from sandbox.access import PROPERTY_ID
from sandbox.context import Here, JsonObject, Sandbox
from sandbox.errors import Refused, refusal
from sandbox.google.auth import check_bearer
from sandbox.google.discovery import violations
from sandbox.google.report import InvalidReport, Report, plan

TOKENS_A_DAY, TOKENS_AN_HOUR, TOKENS_A_PROJECT_HOUR, CONCURRENT = 200_000, 40_000, 14_000, 10

router = APIRouter(prefix="/v1beta", dependencies=[Depends(check_bearer)])


class Quota:
    """Tokens spent in the sandbox's day and in this hour of ours, and requests under way."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.day, self.hour = "", 0
        self.spent_today, self.spent_this_hour, self.running = 0, 0, 0

    def check(self, day: str) -> None:
        """Raises Refused when the day's or the hour's tokens are used up."""
        with self.lock:
            if day != self.day:
                self.day, self.spent_today = day, 0
            if (hour := int(time.time() // 3600)) != self.hour:
                self.hour, self.spent_this_hour = hour, 0
            for spent, most, words in (
                (self.spent_today, TOKENS_A_DAY, "per day. These quota tokens will return in under 24 hours"),
                (
                    self.spent_this_hour,
                    TOKENS_A_PROJECT_HOUR,
                    "for a project per hour. These quota tokens will return in under an hour",
                ),
            ):
                if spent >= most:
                    raise Refused(429, refusal("google", 429, f"Exhausted property tokens {words}."))

    def spend(self, tokens: int) -> None:
        with self.lock:
            self.spent_today += tokens
            self.spent_this_hour += tokens

    def shown(self, tokens: int) -> dict[str, Any]:
        """As `propertyQuota`, after a request that took so many tokens."""
        left = {
            "tokensPerDay": TOKENS_A_DAY - self.spent_today,
            "tokensPerHour": TOKENS_AN_HOUR - self.spent_this_hour,
            "tokensPerProjectPerHour": TOKENS_A_PROJECT_HOUR - self.spent_this_hour,
        }
        shown: dict[str, Any] = {name: {"consumed": tokens, "remaining": max(0, it)} for name, it in left.items()}
        shown["concurrentRequests"] = {"remaining": CONCURRENT - self.running}
        shown["serverErrorsPerProjectPerHour"] = {"remaining": 10}
        shown["potentiallyThresholdedRequestsPerHour"] = {"remaining": 120}
        return shown


@router.post("/properties/{property_id}:runReport")
def run_report(property_id: str, body: JsonObject, sandbox: Here, request: Request) -> JSONResponse:
    if property_id != PROPERTY_ID:
        message = "User does not have sufficient permissions for this property."
        raise Refused(403, refusal("google", 403, message))
    if found := violations(body, "RunReportRequest"):
        fields = [({"field": path} if path else {}) | {"description": said} for path, said in found]
        answer = refusal("google", 400, "\n".join(said for _, said in found))
        answer["error"]["details"] = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": fields}]
        raise Refused(400, answer)
    now = sandbox.now()
    try:
        report = plan(body, now)
    except InvalidReport as error:
        raise Refused(400, refusal("google", 400, str(error))) from error
    quota: Quota = request.app.state.quota
    quota.check(now.date().isoformat())
    with quota.lock:
        if quota.running >= CONCURRENT:
            raise Refused(429, refusal("google", 429, "Exhausted concurrent requests quota."))
        quota.running += 1
    try:
        answer = _answer(report, request.app.state.last_report.of(report, sandbox))
    finally:
        with quota.lock:
            quota.running -= 1
    tokens = 5 + answer["rowCount"] // 10_000
    quota.spend(tokens)
    if body.get("returnPropertyQuota"):
        answer["propertyQuota"] = quota.shown(tokens)
    return JSONResponse(answer)


class LastReport:
    """The rows of the report that was run last: its next page need not be counted anew."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asked: tuple[object, ...] = ()
        self.rows = pa.table({})

    def of(self, report: Report, sandbox: Sandbox) -> pa.Table:
        asked = (report.sql, report.values)
        with self.lock:
            if asked != self.asked:
                found = sandbox.world.cursor().execute(report.sql, list(report.values))
                self.asked, self.rows = asked, found.to_arrow_table()
            return self.rows


def _answer(report: Report, rows: pa.Table) -> dict[str, Any]:
    page = zip(*(column.to_pylist() for column in rows.slice(report.offset, report.limit).columns), strict=True)
    width = len(report.dimensions)
    return {
        "dimensionHeaders": [{"name": name} for name in report.dimensions],
        "metricHeaders": [{"name": name, "type": "TYPE_INTEGER"} for name in report.metrics],
        "rows": [
            {
                "dimensionValues": [{"value": value} for value in row[:width]],
                "metricValues": [{"value": str(value)} for value in row[width:]],
            }
            for row in page
        ],
        "rowCount": rows.num_rows,
        "metadata": {
            "currencyCode": "USD",
            "timeZone": "Etc/UTC",
            "dataLossFromOtherRow": False,
            "subjectToThresholding": False,
        },
        "kind": "analyticsData#runReport",
    }
