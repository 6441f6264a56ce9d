"""Salesforce Marketing Cloud: rows of a data extension, keyed by e-mail, each saying whether it is a member.

https://developer.salesforce.com/docs/marketing/marketing-cloud/references/mc-custom_objects (find and create)
https://developer.salesforce.com/docs/marketing/marketing-cloud/references/mc_rest_data_extensions/updateDataExtensionIDAsync.html
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/getStatusDataExtensionAsync.html
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/getResultsDataExtensionAsync.html
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/rate-limiting-errors.html

Who leaves stays as a row with `is_member` false, since rows cannot be deleted in the background, and a journey sees the
change. Send with the filter `is_member = true`. All Subscribers is not touched: an opt-out given there stays.

Guesses, for want of a page: how many rows and bytes a call takes, and `$page` of the results. Results name no row. They
are taken in the order sent, but believed only once the rows they accuse, sent again by themselves, are refused again,
every one; otherwise the batch counts as refused and the engine halves it.
"""

import json
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
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
    Limits,
    Receipts,
    Refused,
    Row,
    Stage,
    Unavailable,
    rejected,
)
from cohorte.destinations.http import Api
from cohorte.health import Finding

if TYPE_CHECKING:
    import httpx

BATCH = 2_000
SAFE_BYTES = 3_500_000
PAGE = 200
EXPIRED, MISSING = frozenset({401}), frozenset({404})
DONE = frozenset({"Complete", "Completed"})
"""Its pages show the one and name the other."""
KEY, MEMBER = "email", "is_member"
COLUMNS = ("first_name", "last_name")
SCOPES = {"data_extensions_read", "data_extensions_write"}
UNDER_WAY = frozenset({"Pending", "Executing"})
DEADLOCK = "Rerun the transaction"
"""What the database below says of a row; users report it of rows that were written all the same."""


class MarketingCloud(Destination):
    """Connection: host is the package's Authentication Base URI, login its client id, password its client secret.

    Extra: `category_id`, the folder new data extensions are made in. Optional: `account_id`, the MID of the business
    unit; `columns`, names of the text columns a new data extension gets (default first_name, last_name);
    `subscriber_key`, the one of them that holds people's subscriber keys, where those are not their e-mail addresses.
    A sync's `fields` are columns of the data extension.
    """

    name: ClassVar[str] = "marketing_cloud"
    about: ClassVar[About] = About(
        MODES, auth=("client_credentials",), contract="the REST API documentation, page by page"
    )
    can_clear: ClassVar[bool] = True
    limits = Limits(batch=BATCH, concurrent=4)
    stages = (Stage("rows", frozenset({"add", "update", "remove"}), batch=BATCH),)
    first_pause: ClassVar[float] = 1.0
    """Seconds between two looks at a request; doubles up to 15."""
    patience: ClassVar[float] = 900.0
    """Seconds a request may take; after that it is sent again, which changes nothing if it did arrive."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.category_id = int(credentials.required("category_id"))
        self.columns = tuple(credentials.extra.get("columns") or COLUMNS)
        self.subscriber_key = str(credentials.extra.get("subscriber_key") or KEY)
        self.auth = Api(self, credentials.host if "://" in credentials.host else f"https://{credentials.host}")
        self._rest: Api | None = None
        self._token = ""
        self._renewing = threading.Lock()

    def open_audience(self, name: str) -> Audience:
        page, seen = 1, 0
        while True:
            asked = {"$search": name, "$page": page, "$pageSize": PAGE}
            answer = self._call("GET", "/data/v1/customobjects", params=asked).json()
            for found in answer["items"]:
                if found["name"] == name:
                    return Audience(name, str(found["id"]))
            page, seen = page + 1, seen + len(answer["items"])
            if not answer["items"] or seen >= answer["count"]:
                break
        made = self._call("POST", "/data/v1/customobjects", json=self._definition(name)).json()
        return Audience(name, str(made["id"]), is_new=True)

    def send(self, batch: Batch) -> Receipts:
        results = self._upsert(batch.audience, batch.rows)
        accused = [at for at, problem in enumerate(results) if problem]
        if 0 < len(accused) < len(results):
            again = self._upsert(batch.audience, [batch.rows[at] for at in accused])
            if not all(again):
                raise Refused("some rows were refused, and the results do not say which")
        return [
            rejected(_without_values(problem, row)) if problem else ACCEPTED
            for row, problem in zip(batch.rows, results, strict=True)
        ]

    def examine(self) -> Iterator[Finding]:
        answer = self._ask_for_token()
        told = answer.json()
        yield Finding("token", "ok", f"given out for {told['expires_in']} s")
        yield health.scopes(set(told["scope"].split()), SCOPES)
        yield health.clock(answer.headers.get("Date"))

    def close(self) -> None:
        self.auth.close()
        if self._rest:
            self._rest.close()

    def _upsert(self, audience: Audience, rows: Sequence[Row]) -> list[str]:
        """Each row's problem, empty for those that are written."""
        content = json.dumps({"items": [_item(row) for row in rows]}).encode()
        if len(content) > SAFE_BYTES:
            raise Refused(f"a call of {len(content)} bytes is more than is safe to send ({SAFE_BYTES})")
        path = f"/data/v1/async/dataextensions/{audience.external_id}/rows"
        headers = {"content-type": "application/json"}
        try:
            answer = self._call("PUT", path, content=content, headers=headers).json()
        except Refused:
            self._check_extension(audience)
            raise
        if "requestId" not in answer:
            raise Unavailable("the rows were taken, but no requestId was given")
        return self._results(answer["requestId"], len(rows))

    def _results(self, request_id: str, sent: int) -> list[str]:
        """The problem of each row sent. Raises Refused when some have one and it cannot be told which."""
        status = self._finished(request_id)
        if not status["hasErrors"] and status["requestStatus"] in DONE:
            return [""] * sent
        items: list[dict[str, Any]] = []
        while len(items) < sent:
            asked = {"$page": len(items) // PAGE + 1, "$pageSize": PAGE}
            answer = self._call("GET", f"/data/v1/async/{request_id}/results", params=asked).json()
            page = answer.get("items") or []
            if answer.get("page") != asked["$page"] or not page:
                break
            items += page
        if not items:
            raise Unavailable(f"request {request_id} ended as {status['requestStatus']} without a result")
        problems = [_problem(item) for item in items]
        if any(DEADLOCK in problem for problem in problems):
            raise Unavailable(f"request {request_id} lost a deadlock; its rows go again, which changes nothing twice")
        if len(problems) == sent and any(problems):
            return problems
        if sent == 1:
            return [next(filter(None, problems), "refused, and no reason was given")]
        raise Refused(next(filter(None, problems), "some rows were refused, and the results do not say which"))

    def _finished(self, request_id: str) -> dict[str, Any]:
        """The request's status, once it is done. Raises Unavailable when that takes too long."""
        pause, until = self.first_pause, time.monotonic() + self.patience
        while True:
            # Right after the call there is no record of the request yet, which comes without a status.
            status: dict[str, Any] | None = (
                self._call("GET", f"/data/v1/async/{request_id}/status").json().get("status")
            )
            if status and status["requestStatus"] not in UNDER_WAY:
                return status
            if time.monotonic() > until:
                raise Unavailable(f"request {request_id} is not done after {self.patience:.0f} s")
            time.sleep(pause)
            pause = min(pause * 2, 15.0)

    def _check_extension(self, audience: Audience) -> None:
        answer = self._call("GET", f"/data/v1/customobjects/{audience.external_id}", expect=MISSING)
        if answer.status_code in MISSING:
            raise AudienceGone(f'data extension "{audience.name}" ({audience.external_id}) is not there any more')

    def _definition(self, name: str) -> dict[str, Any]:
        """An external key holds 36 characters, so it is a UUID."""
        fields = [
            _field(KEY, "EmailAddress", 0, length=254, isPrimaryKey=True, isNullable=False),
            _field(MEMBER, "Boolean", 1),
            *(_field(column, "Text", at, length=254) for at, column in enumerate(self.columns, 2)),
        ]
        return {
            "name": name,
            "key": str(uuid.uuid4()),
            "description": "Kept by Cohorte: who is in a segment. Send with the filter is_member = true.",
            "isSendable": True,
            "sendableCustomObjectField": self.subscriber_key,
            "sendableSubscriberField": "_SubscriberKey",
            "categoryId": self.category_id,
            "fields": fields,
        }

    def _call(
        self, method: str, path: str, *, expect: frozenset[int] = frozenset(), **request: Any
    ) -> "httpx.Response":
        """A REST call; a token that has expired is renewed once."""
        rest, token = self._session(stale="")
        headers = request.pop("headers", {})
        bearer = {"Authorization": f"Bearer {token}"}
        answer = rest.call(method, path, headers=headers | bearer, expect=EXPIRED | expect, **request)
        if answer.status_code not in EXPIRED:
            return answer
        rest, token = self._session(stale=token)
        bearer = {"Authorization": f"Bearer {token}"}
        return rest.call(method, path, headers=headers | bearer, expect=expect, **request)

    def _session(self, *, stale: str) -> tuple[Api, str]:
        """Where REST answers, and a token; another one than `stale`. Threads share one: tokens are rationed."""
        with self._renewing:
            if self._rest is None or self._token == stale:
                told = self._ask_for_token().json()
                self._token = str(told["access_token"])
                self._rest = self._rest or Api(self, str(told["rest_instance_url"]).rstrip("/"))
            return self._rest, self._token

    def _ask_for_token(self) -> "httpx.Response":
        form = {
            "grant_type": "client_credentials",
            "client_id": self.credentials.login,
            "client_secret": self.credentials.password,
        }
        if account := self.credentials.extra.get("account_id"):
            form["account_id"] = str(account)
        try:
            return self.auth.call("POST", "/v2/token", json=form)
        except Refused as error:
            raise AccessRefused(error.reason) from error


def _field(name: str, kind: str, ordinal: int, **more: Any) -> dict[str, Any]:
    """Complete, as Marketing Cloud wants it."""
    plain = {"description": "", "isNullable": True, "isPrimaryKey": False, "isHidden": False, "isReadOnly": False}
    rest = {"isInheritable": True, "isOverridable": True, "isTemplateField": False, "mustOverride": False}
    return {
        "name": name, "type": kind, "ordinal": ordinal, "maskType": "None", "storageType": "Plain",
    } | plain | rest | more  # fmt: skip


def _item(row: Row) -> dict[str, Any]:
    return {KEY: row.key, MEMBER: row.operation != "remove"} | dict(row.fields)


def _problem(item: dict[str, Any]) -> str:
    if item.get("status") != "Error":
        return ""
    return ": ".join(str(item[name]) for name in ("errorCode", "message") if item.get(name)) or "refused"


def _without_values(problem: str, row: Row) -> str:
    """Marketing Cloud repeats the values it refuses; they are personal data."""
    for value in sorted({row.key, *map(str, row.fields.values())}, key=len, reverse=True):
        problem = problem.replace(value, "***") if value else problem
    return problem
