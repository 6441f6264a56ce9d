"""Account Engagement (Pardot): what became of every letter, and who may still be written to.

https://developer.salesforce.com/docs/marketing/pardot/guide/version5overview.html (queries, paging)
https://developer.salesforce.com/docs/marketing/pardot/guide/visitor-activity-v5.html
https://developer.salesforce.com/docs/marketing/pardot/guide/prospect-v5.html
https://developer.salesforce.com/docs/marketing/pardot/guide/error-codes.html

Activities are asked for type by type, so that views of pages, which are most of them, cost nothing, and are merged by
time: when the calls of the day are spent, what was read is whole up to there. A sequence of pages ends after 100,000
records; another one goes on. Answers may be 60 seconds old; what that hides is inside the lag.
"""

import heapq
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import httpx

from cohorte import health
from cohorte.credentials import Credentials
from cohorte.health import Finding
from cohorte.salesforce_oauth import SalesforceAuth
from cohorte.sources import letters
from cohorte.sources.base import About, QuotaSpentError, Source, SourceError, Stream, Window
from cohorte.sources.http import TRANSIENT, Http

if TYPE_CHECKING:
    import pyarrow as pa

HOST = "https://pi.pardot.com"
PAGE = 1_000
"""Records a request may ask for at most."""
LAG = timedelta(hours=1)
SENT, OPEN, CLICK, UNSUBSCRIBE, BOUNCE, COMPLAINT = "6", "11", "1", "12", "13", "14"
TYPES = (SENT, OPEN, CLICK, UNSUBSCRIBE, BOUNCE, COMPLAINT)
"""Visitor activities of letters; types 35 to 37 repeat them for other prospects with the same address."""
ACTIVITY = "id,type,createdAt,prospect.email,details,emailId,emailTemplateId,listEmailId,listEmail.name"
LETTER = ("listEmailId", "emailTemplateId", "emailId")
PROSPECT = "id,email,optedOut,isDoNotEmail,isEmailHardBounced,updatedAt"
SUBSCRIBER = ("subscriber_id", "email_address", "opted_out", "is_do_not_email", "is_email_hard_bounced", "changed_at")
QUOTA_SPENT, TOKEN_REFUSED = 122, 184
ENDED = "203"
"""The warning of a sequence of pages that ends before its records do."""
PASSING = frozenset({62, 66, 183, 202, 214})
"""Another update at the same time, six requests at once, an internal error, too many a minute, a timeout."""

Record = dict[str, Any]


class SpentError(SourceError):
    """The calls of the day are used up."""


class AccountEngagement(Source):
    """Connection: extra `business_unit_id` (0Uv…), and `instance_url`, `consumer_key`, `consumer_secret` of the org.

    `host` is pi.pardot.com unless it says otherwise. The connected app needs the scope `pardot_api`.
    """

    name = "account_engagement"
    about = About(auth=("client_credentials", "jwt_bearer"), contract="the API's documentation, page by page")
    streams = (
        Stream(name="email_event", resource="visitor-activities", key=("event_id",), cursor="happened_at", lag=LAG),
        Stream(name="subscriber", resource="prospects", key=("subscriber_id",), cursor="changed_at", lag=LAG),
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.http = Http(
            self.name,
            f"{credentials.host or HOST}/api/v5/objects",
            auth=SalesforceAuth(credentials, SourceError, is_expired=_is_expired),
            headers={"Pardot-Business-Unit-Id": str(credentials.required("business_unit_id"))},
            connection=credentials.name,
            secrets=[str(credentials.extra.get("consumer_secret") or "")],
            is_transient=lambda answer: answer.status_code in TRANSIENT or _code(answer) in PASSING,
        )
        self.http.client.event_hooks["response"].append(self._stop_when_spent)

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        """Raises QuotaSpentError after what was read, which is whole up to the newest record of it."""
        spent: list[QuotaSpentError] = []

        def until_spent() -> Iterator[Record]:
            reached = window.since
            try:
                for record in self._records(stream, window):
                    reached = record[stream.cursor]
                    yield record
            except SpentError as error:
                spent.append(QuotaSpentError(f"{self.name}.{stream.name}: {error}", reached))

        yield from letters.batches(until_spent(), letters.EVENT if stream.name == "email_event" else SUBSCRIBER)
        if spent:
            raise spent[0]

    def examine(self) -> Iterator[Finding]:
        """https://developer.salesforce.com/docs/marketing/pardot/guide/account-v5.html"""
        answer = self.http.get("/account", params={"fields": "company,maximumDailyApiCalls,apiCallsUsed"})
        account = answer.json()
        yield Finding("token", "ok", f"business unit of {account['company']}")
        left, limit = account["maximumDailyApiCalls"] - account["apiCallsUsed"], account["maximumDailyApiCalls"]
        yield health.quota(left, limit, "calls of the day")
        yield health.clock(answer.headers.get("Date"))

    def _records(self, stream: Stream, window: Window) -> Iterator[Record]:
        """By time: of activities, those of each type come so, and are merged."""
        if stream.name == "subscriber":
            return self._subscribers(stream, window)
        return heapq.merge(*(self._events(stream, window, kind) for kind in TYPES), key=itemgetter(stream.cursor))

    def _events(self, stream: Stream, window: Window, kind: str) -> Iterator[Record]:
        for activity in self._all(stream, ACTIVITY, "createdAt", window, {"type": kind}):
            letter = next((activity[name] for name in LETTER if activity.get(name)), None)
            if kind == CLICK and letter is None:  # on a page or a form
                continue
            happened_at = self._moment(stream, activity, "createdAt")
            if happened_at and letters.is_within(happened_at, window):
                yield {
                    "event_id": str(activity["id"]),
                    "email_address": (activity.get("prospect") or {}).get("email"),
                    "action": kind,
                    "happened_at": happened_at,
                    "mailing_id": None if letter is None else str(letter),
                    "mailing_name": (activity.get("listEmail") or {}).get("name"),
                    "url": activity.get("details") if kind == CLICK else None,
                }

    def _subscribers(self, stream: Stream, window: Window) -> Iterator[Record]:
        for prospect in self._all(stream, PROSPECT, "updatedAt", window, {}):
            changed_at = self._moment(stream, prospect, "updatedAt")
            if changed_at and letters.is_within(changed_at, window):
                yield {
                    "subscriber_id": str(prospect["id"]),
                    "email_address": prospect.get("email"),
                    "opted_out": _text(prospect.get("optedOut")),
                    "is_do_not_email": _text(prospect.get("isDoNotEmail")),
                    "is_email_hard_bounced": _text(prospect.get("isEmailHardBounced")),
                    "changed_at": changed_at,
                }

    def _all(self, stream: Stream, fields: str, cursor: str, window: Window, asked: dict[str, str]) -> Iterator[Record]:
        """Every record of the window, by time. Raises SourceError when a page repeats or there is no end."""
        path, last = f"/{stream.resource}", set[int]()
        query = {"fields": fields, "orderBy": f"{cursor} ASC", "limit": str(PAGE)} | asked
        query[f"{cursor}Before"] = window.until.isoformat()
        if window.since:
            query[f"{cursor}AfterOrEqualTo"] = window.since.isoformat()
        sent = query
        while True:
            answer = self.http.get(path, params=sent)
            page = answer.json()
            records, token = page["values"], page.get("nextPageToken")
            fresh = [record for record in records if record["id"] not in last]
            is_ours = "type" not in asked or all(str(record["type"]) == asked["type"] for record in fresh)
            if not is_ours or (records and not fresh):
                raise SourceError(f"{self.name}.{stream.name}: {path} repeats a page. Run the load again.")
            if token and not records:
                raise SourceError(f"{self.name}.{stream.name}: {path} never ends. Run the load again.")
            last = {record["id"] for record in records}
            yield from fresh
            if token:
                sent = {"fields": fields, "nextPageToken": token}
            elif answer.headers.get("Pardot-Warning", "").startswith(ENDED):
                sent = query | {f"{cursor}AfterOrEqualTo": records[-1][cursor]}  # of that second, some come again
            else:
                return

    def _moment(self, stream: Stream, record: Record, field: str) -> datetime | None:
        """When it was; None, and the record put aside, when that cannot be read."""
        try:
            return letters.moment(record[field])
        except (KeyError, TypeError, ValueError) as error:
            self.reject(stream, f"{field}: {error}", json.dumps(record))
            return None

    def _stop_when_spent(self, answer: httpx.Response) -> None:
        """Called with every answer. Raises SpentError: trying again today would only be refused again."""
        if answer.is_client_error:
            answer.read()
            if _code(answer) == QUOTA_SPENT:
                raise SpentError(
                    f"the day's API calls are spent (code {QUOTA_SPENT}). The next run after midnight, in the "
                    "account's time zone, goes on; other tools share the quota."
                )


def _is_expired(answer: httpx.Response) -> bool:
    return answer.status_code == 401 or (answer.is_client_error and _code(answer) == TOKEN_REFUSED)


def _code(answer: httpx.Response) -> int | None:
    """Account Engagement's own number of what is wrong, whatever the status."""
    try:
        said = answer.json()
    except ValueError:
        return None
    return said.get("code") if isinstance(said, dict) else None


def _text(flag: bool | None) -> str | None:
    return None if flag is None else str(bool(flag)).lower()
