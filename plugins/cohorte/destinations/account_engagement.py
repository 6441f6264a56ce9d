"""Account Engagement (Pardot): prospects upserted, put on a static list or taken off it by imports.

https://developer.salesforce.com/docs/marketing/pardot/guide/import-v5.html (CSV; `addToList`, `removeFromList`)
https://developer.salesforce.com/docs/marketing/pardot/guide/import-v4.html (10 MB a file, 1,000 a day, `nullOverwrite`)
https://developer.salesforce.com/docs/marketing/pardot/guide/list-v5.html
https://developer.salesforce.com/docs/marketing/pardot/guide/error-codes.html (what the codes mean)
Limits: https://developer.salesforce.com/docs/marketing/pardot/guide/overview.html#rate-limits (5 at once; calls a day)

One import carries 10,000 people at the price of three calls, where `upsertLatestByEmail` and list memberships take two
calls a person, and a removal by membership two more. It also matches in the primary data: nothing is read back, which
may be 60 seconds old. An opt-out is never sent, so it is never undone; who was deleted there stays deleted.

Account Engagement promises no order between imports, so one that takes too long is cancelled before it is sent again.
A run that is killed leaves its last import to end by itself.
"""

import csv
import io
import json
import time
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from cohorte import health
from cohorte.credentials import Credentials
from cohorte.destinations.base import (
    ACCEPTED,
    MODES,
    About,
    AccessRefused,
    Audience,
    AudienceGone,
    Batch,
    Destination,
    DestinationError,
    Limits,
    Receipt,
    Receipts,
    Refused,
    Row,
    Stage,
    Throttled,
    Unavailable,
    rejected,
)
from cohorte.destinations.http import Api, retry_after_seconds, words
from cohorte.health import Finding

if TYPE_CHECKING:
    import httpx

PAGE = 1_000
MOST_BYTES = 10_000_000
NOT_FOUND = frozenset({404})
ENDED = frozenset({400, 404})
"""What a cancellation is answered that comes too late."""
UNDER_WAY = frozenset({"Open", "Ready", "Waiting", "Processing"})
CONSENT = frozenset({"optedOut", "isDoNotEmail", "isEmailHardBounced"})
OURS = frozenset({"matchId", "matchSalesforceId", "matchEmail", "email", "addToList", "removeFromList"})
SPENT = frozenset({122, 164})
"""The day's calls, the day's imports."""
SPENT_PAUSE = 3600.0
"""Seconds until it is worth asking again; the quota is renewed at midnight in the account's time zone."""
TOO_FAST = frozenset({66, 202})
PASSING = frozenset({62, 183, 214})
EXPIRED = 184
NO_ACCESS = frozenset({46, 49, 53, 76, 181, 182, 184, 201})


class AccountEngagement(Destination):
    """Connection: extra `business_unit_id` (0Uv…), and `instance_url`, `consumer_key`, `consumer_secret` of the org.

    `host` is pi.pardot.com unless it says otherwise. The connected app needs the scope `pardot_api`. Optional extra
    `campaign_id`: the campaign of people who are new there, where the business unit has no default.
    """

    name: ClassVar[str] = "account_engagement"
    about: ClassVar[About] = About(
        MODES, auth=("client_credentials", "jwt_bearer"), contract="the API's documentation, page by page"
    )
    can_clear: ClassVar[bool] = True
    limits = Limits(batch=10_000, concurrent=4)
    stages = (
        Stage("add", frozenset({"add", "update"}), batch=10_000),
        Stage("remove", frozenset({"remove"}), batch=10_000),
    )
    first_pause: ClassVar[float] = 2.0
    """Seconds between two looks at an import; doubles up to 60."""
    patience: ClassVar[float] = 1800.0
    """Seconds an import may take; after that it is cancelled, and sent again."""

    def __init__(self, credentials: Credentials) -> None:
        from cohorte.salesforce_oauth import SalesforceAuth

        super().__init__(credentials)
        self.campaign_id = str(credentials.extra.get("campaign_id") or "")
        self.api = Api(
            self,
            f"{credentials.host or 'https://pi.pardot.com'}/api/v5",
            headers={"Pardot-Business-Unit-Id": str(credentials.required("business_unit_id"))},
            auth=SalesforceAuth(credentials, AccessRefused, is_expired=is_expired),
            failure=failure,
        )

    def open_audience(self, name: str) -> Audience:
        for found in self._all("/objects/lists", {"fields": "id,name,isDynamic"}):
            if found["name"] == name:
                return self._usable(found)
        made = self.api.call("POST", "/objects/lists", params={"fields": "id"}, json={"name": name}).json()
        return Audience(name, str(made["id"]), is_new=True)

    def send(self, batch: Batch) -> Receipts:
        """Rows that leave alone what others clear go in an import of their own: a blank cell says one or the other."""
        cleared = {name for row in batch.rows for name, value in row.fields.items() if value is None}
        groups: dict[frozenset[str], list[Row]] = {}
        for row in batch.rows:
            groups.setdefault(frozenset(cleared - row.fields.keys()), []).append(row)
        told: dict[str, Receipt] = {}
        for rows in groups.values():
            told |= self._import(batch, rows)
        return [told[row.key] for row in batch.rows]

    def examine(self) -> Iterator[Finding]:
        """https://developer.salesforce.com/docs/marketing/pardot/guide/account-v5.html"""
        asked = {"fields": "company,maximumDailyApiCalls,apiCallsUsed"}
        answer = self.api.call("GET", "/objects/account", params=asked)
        account = answer.json()
        yield Finding("token", "ok", f"business unit of {account['company']}")
        left, limit = account["maximumDailyApiCalls"] - account["apiCallsUsed"], account["maximumDailyApiCalls"]
        yield health.quota(left, limit, "calls of the day")
        yield health.clock(answer.headers.get("Date"))

    def close(self) -> None:
        self.api.close()

    def _usable(self, found: dict[str, Any]) -> Audience:
        if found["isDynamic"]:
            raise Refused(
                f'list "{found["name"]}" is a dynamic list: Account Engagement fills it itself. '
                "Choose another audience name in _syncs.yml."
            )
        return Audience(found["name"], str(found["id"]))

    def _import(self, batch: Batch, rows: Sequence[Row]) -> dict[str, Receipt]:
        """Sends one file and waits for it. E-mail -> what became of it."""
        is_removal = batch.stage == "remove"
        table = self._table(batch.audience, rows, is_removal)
        content = as_csv(table)
        if len(content) > MOST_BYTES:
            raise Refused(f"an import of {len(content)} bytes is more than Account Engagement takes ({MOST_BYTES})")
        blanks = {name for row in rows for name, value in row.fields.items() if value is None}
        options = {
            "operation": "Upsert",
            "object": "Prospect",
            "status": "Ready",
            "createOnNoMatch": not is_removal,
            "restoreDeleted": False,
            "fields": [
                {"field": name, "overwrite": name != "campaignId", "nullOverwrite": name in blanks} for name in table[0]
            ],
        }
        made = self.api.call(
            "POST",
            "/imports",
            params={"fields": "id,status"},
            data={"input": json.dumps(options)},
            files={"file": ("prospects.csv", content, "text/csv")},
        ).json()
        failed = self._failed(made["id"])
        refused = self._refused(made["id"], failed, table[0], rows) if failed else {}
        if len(refused) == len(rows):
            self._check_list(batch.audience)
        if is_removal and refused:
            self._take_off(batch.audience, refused)
            refused = {}
        return {row.key: rejected(refused[row.key]) if row.key in refused else ACCEPTED for row in rows}

    def _table(self, audience: Audience, rows: Sequence[Row], is_removal: bool) -> list[list[str]]:
        """The file's header and rows. Raises DestinationError on a field that is not the sync's to write."""
        names = sorted({name for row in rows for name in row.fields})
        if forbidden := sorted((CONSENT | OURS) & set(names)):
            raise DestinationError(
                f"{', '.join(forbidden)} cannot be mapped: consent given there stays as it is, and the key and the "
                "list are set by the sync. Mend the sync's fields."
            )
        if is_removal:
            fixed = {"matchEmail": "", "removeFromList": audience.external_id}
        else:
            fixed = {"matchEmail": "", "email": "", "addToList": audience.external_id}
            fixed |= {"campaignId": self.campaign_id} if self.campaign_id and "campaignId" not in names else {}
        table = [[*fixed, *names]]
        for row in rows:
            cells = fixed | {name: row.key for name in fixed if name in ("matchEmail", "email")}
            table.append([*cells.values(), *(text(row.fields.get(name)) for name in names)])
        return table

    def _failed(self, import_id: int) -> int:
        """How many rows failed, once the import is done. Raises Unavailable when it failed or takes too long."""
        pause, until = self.first_pause, time.monotonic() + self.patience
        while True:
            asked = {"fields": "id,status,errorCount"}
            found: dict[str, Any] = self.api.call("GET", f"/imports/{import_id}", params=asked).json()
            if found["status"] == "Complete":
                return int(found.get("errorCount") or 0)
            if found["status"] not in UNDER_WAY:
                raise Unavailable(f"import {import_id} ended as {found['status']}")
            if time.monotonic() > until:
                self.api.call("POST", f"/imports/{import_id}/do/cancel", expect=ENDED)
                raise Unavailable(f"import {import_id} is still {found['status']} after {self.patience:.0f} s")
            time.sleep(pause)
            pause = min(pause * 2, 60.0)

    def _refused(self, import_id: int, failed: int, ours: Sequence[str], rows: Sequence[Row]) -> dict[str, str]:
        """E-mail -> why, from the import's error file: our row again, and what it says in columns of its own.

        Raises Refused when it does not name all who failed: halving finds them, and sending the others again changes
        nothing.
        """
        answer = self.api.call("GET", f"/imports/{import_id}/errors")
        keys = {row.key.strip().lower(): row.key for row in rows}
        refused = {}
        for record in csv.DictReader(io.StringIO(answer.text, newline="")):
            said = [cell for name, cell in record.items() if name not in ours and isinstance(cell, str) and cell]
            if key := keys.get((record.get("matchEmail") or "").strip().lower()):
                refused[key] = "; ".join(said) or "Account Engagement gives no reason"
        if len(refused) != failed:
            raise Refused(f"import {import_id} failed for {failed} rows, and its error file names {len(refused)}")
        return refused

    def _take_off(self, audience: Audience, refused: Collection[str]) -> None:
        """By membership, whom an import could not take off; who is no prospect (any more) is as good as removed.

        The list is read rather than each prospect by address: addresses in a URL would be in every log.
        """
        emails = {key.strip().lower() for key in refused}
        asked = {"fields": "id,prospect.email", "listId": audience.external_id}
        for member in self._all("/objects/list-memberships", asked):
            if str((member.get("prospect") or {}).get("email")).strip().lower() in emails:
                self.api.call("DELETE", f"/objects/list-memberships/{member['id']}", expect=NOT_FOUND)

    def _all(self, path: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Every record, by id: page tokens would end after 100,000."""
        newest = 0
        while True:
            query = asked | {"orderBy": "id ASC", "limit": PAGE, "idGreaterThan": newest}
            page = self.api.call("GET", path, params=query).json()
            yield from page["values"]
            if not page.get("nextPageToken") or not page["values"]:
                return
            newest = max(found["id"] for found in page["values"])

    def _check_list(self, audience: Audience) -> None:
        """A list made in this run may not be visible yet."""
        path = f"/objects/lists/{audience.external_id}"
        if audience.is_new or self.api.call("GET", path, params={"fields": "id"}, expect=NOT_FOUND).is_success:
            return
        raise AudienceGone(f'list "{audience.name}" ({audience.external_id}) is not there any more')


def as_csv(table: Sequence[Sequence[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(table)
    return file.getvalue().encode()


def text(value: Any) -> str:
    """A blank clears a field where the import says that blanks do, and leaves it alone where not."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def code_of(response: "httpx.Response") -> int | None:
    """Account Engagement's own number of what is wrong; None for an answer without one."""
    try:
        return None if response.is_success else int(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return None


def is_expired(response: "httpx.Response") -> bool:
    return response.status_code == 401 or code_of(response) == EXPIRED


def failure(response: "httpx.Response") -> DestinationError | None:
    """What a refusal means: the code in the body tells, under whatever status."""
    code = code_of(response)
    if code is None:
        return None
    reason = f"HTTP {response.status_code}, code {code}: {words(response)}"
    if code in SPENT:
        return Throttled(reason, SPENT_PAUSE)
    if code in TOO_FAST:
        return Throttled(reason, retry_after_seconds(response))
    if code in NO_ACCESS:
        return AccessRefused(reason)
    if code in PASSING:
        return Unavailable(reason)
    return Refused(reason) if response.status_code == 400 else None
