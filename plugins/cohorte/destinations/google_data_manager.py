"""Google Data Manager: hashed people put on a Customer Match list of Google Ads, or taken off it.

https://developers.google.com/data-manager/api/devguides/audiences/send-audience-members
https://developers.google.com/data-manager/api/devguides/concepts/formatting (normal forms and hashes)
https://developers.google.com/data-manager/api/devguides/limits (10,000 members a call, 300 calls a minute)
https://developers.google.com/data-manager/api/devguides/diagnostics (how to ask what became of a request)

Google takes a request first and processes it later, half an hour as a rule; a row counts as accepted only after that.
Only the key goes out: a removal knows nothing else, so what else had been sent could never be taken back.
Members leave a list by themselves after 540 days, the most that Customer Match allows.
"""

import hashlib
import json
import re
import threading
import time
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
    DestinationError,
    KeyForm,
    Limits,
    Receipt,
    Receipts,
    Refused,
    Row,
    Stage,
    Throttled,
    Unavailable,
    rejected,
    retry_after,
)
from cohorte.destinations.http import Api, words
from cohorte.health import Finding

if TYPE_CHECKING:
    import httpx

BATCH, PAGE = 10_000, 1000
SCOPE = "https://www.googleapis.com/auth/datamanager"
LIFETIME = f"{540 * 24 * 3600}s"
NOT_FOUND = frozenset({404})
GMAIL = frozenset({"gmail.com", "googlemail.com"})
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
PHONE = re.compile(r"\+[1-9]\d{6,14}")
LIST_REASONS = ("INVALID_USER_LIST_ID", "INVALID_DESTINATION", "NOT_FOUND")
UNSIGNED = "TERMS_AND_CONDITIONS_NOT_SIGNED"
A_DAY = "PerDayPerProject"
"""How the name of a day's quota ends, in the details of a refusal."""
SPENT_PAUSE = 3600.0
"""Seconds until it is worth asking again; the quota is renewed at midnight in California."""
INTERNAL = "PROCESSING_ERROR_REASON_INTERNAL_ERROR"


class Expired(AccessRefused):
    """The access token is not good (any more); a new one may be."""


class GoogleDataManager(Destination):
    """Connection: extra `keyfile_dict` (a service account), `account_id` (Google Ads customer id, digits only),
    `customer_match_terms` (`ACCEPTED` once a person has accepted them) and `consent` (`CONSENT_GRANTED`, when the
    consent the syncs ask for covers ad user data and personalisation).

    Optional extra: `login_account_id`, the manager account through which the service account gets in.
    """

    name: ClassVar[str] = "google_data_manager"
    about: ClassVar[About] = About(
        MODES, auth=("service_account",), contract="Google's discovery document, limits from the documentation"
    )
    key_form: ClassVar[KeyForm] = "google_email"
    limits = Limits(batch=BATCH, concurrent=4, requests=300, seconds=60)
    stages = (
        Stage("ingest", frozenset({"add", "update"}), batch=BATCH),
        Stage("remove", frozenset({"remove"}), batch=BATCH),
    )
    first_pause: ClassVar[float] = 5.0
    """Seconds between two looks at a request; doubles up to 300."""
    patience: ClassVar[float] = 3600.0
    """Seconds a request may take before the engine is told; asked to try again, it goes on with the same request."""

    def __init__(self, credentials: Credentials) -> None:
        from google.oauth2.service_account import Credentials as ServiceAccount

        super().__init__(credentials)
        key, account = credentials.required("keyfile_dict"), str(credentials.required("account_id")).replace("-", "")
        self.terms = credentials.required("customer_match_terms")
        self.consent = credentials.required("consent")
        self.parent = f"/v1/accountTypes/GOOGLE_ADS/accounts/{account}/userLists"
        self.accounts = {"operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": account}}
        headers = {}
        if login := str(credentials.extra.get("login_account_id") or "").replace("-", ""):
            self.accounts["loginAccount"] = {"accountType": "GOOGLE_ADS", "accountId": login}
            headers["login-account"] = f"accountTypes/GOOGLE_ADS/accounts/{login}"
        self.identity = ServiceAccount.from_service_account_info(
            json.loads(key) if isinstance(key, str) else dict(key), scopes=[SCOPE]
        )
        self.api = Api(self, credentials.host or "https://datamanager.googleapis.com", headers=headers, failure=failure)
        self._lock = threading.Lock()
        self._under_way: dict[str, str] = {}
        """Digest of what was sent -> request id, until Google has said what became of it."""

    def open_audience(self, name: str) -> Audience:
        page: dict[str, Any] = {"nextPageToken": None}
        while "nextPageToken" in page:
            token = {"pageToken": page["nextPageToken"]} if page["nextPageToken"] else {}
            page = self._call("GET", self.parent, params={"pageSize": PAGE} | token).json()
            for found in page.get("userLists", ()):
                if found["displayName"] == name:
                    return _usable(found)
        body = {
            "displayName": name,
            "membershipDuration": LIFETIME,
            "ingestedUserListInfo": {
                "uploadKeyTypes": ["CONTACT_ID"],
                "contactIdInfo": {"dataSourceType": "DATA_SOURCE_TYPE_FIRST_PARTY"},
            },
        }
        made = self._call("POST", self.parent, json=body).json()
        return Audience(name, str(made["id"]), is_new=True)

    def send(self, batch: Batch) -> Receipts:
        """People whose key is malformed are refused here; to be removed they were never there."""
        if fields := sorted({name for row in batch.rows for name in row.fields}):
            raise DestinationError(f"Google takes nothing but the key, not {', '.join(fields)}. Mend the sync's fields")
        known = [identifier(row) for row in batch.rows]
        people = [person for person in known if person]
        answers = iter(self._deliver(batch, people) if people else ())
        malformed = rejected("the key is no e-mail address or phone number, so it has no hash")
        return [
            next(answers) if person else ACCEPTED if row.operation == "remove" else malformed
            for row, person in zip(batch.rows, known, strict=True)
        ]

    def examine(self) -> Iterator[Finding]:
        answer = self._call("GET", self.parent, params={"pageSize": 1})
        yield Finding("token", "ok", "the account's user lists may be read")
        yield health.clock(answer.headers.get("Date"))

    def close(self) -> None:
        self.api.close()

    def token(self) -> str:
        """A good access token. Raises AccessRefused when Google gives none, Unavailable when it does not answer."""
        from google.auth.exceptions import RefreshError, TransportError
        from google.auth.transport.requests import Request

        with self._lock:
            if not self.identity.valid:
                try:
                    self.identity.refresh(Request())
                except TransportError as error:
                    raise Unavailable(f"no token: {error}") from error
                except RefreshError as error:
                    if error.retryable:
                        raise Unavailable(f"no token: {error}") from error
                    raise AccessRefused(f"no token: {error}") from error
            return str(self.identity.token)

    def _call(self, method: str, path: str, **request: Any) -> "httpx.Response":
        """One call; once more with a new token when the old one has expired."""
        headers = {"Content-Type": "application/json"}
        token = self.token()
        try:
            return self.api.call(method, path, headers=headers | {"Authorization": f"Bearer {token}"}, **request)
        except Expired:
            with self._lock:
                if self.identity.token == token:
                    self.identity.token = None
            token = self.token()
            return self.api.call(method, path, headers=headers | {"Authorization": f"Bearer {token}"}, **request)

    def _deliver(self, batch: Batch, people: Sequence[dict[str, str]]) -> Receipts:
        """Sends, or finds what was sent before and never answered; waits, and reads what became of everybody."""
        destination = self.accounts | {"productDestinationId": batch.audience.external_id}
        body: dict[str, Any] = {
            "destinations": [destination],
            "audienceMembers": [{"userData": {"userIdentifiers": [person]}} for person in people],
            "encoding": "HEX",
        }
        if batch.stage == "ingest":
            body["consent"] = {"adUserData": self.consent, "adPersonalization": self.consent}
            body["termsOfService"] = {"customerMatchTermsOfServiceStatus": self.terms}
        content = json.dumps(body, separators=(",", ":")).encode()
        digest = hashlib.sha256(batch.stage.encode() + content).hexdigest()
        if digest not in self._under_way:
            self._under_way[digest] = self._post(batch, content)
        try:
            status = self._finished(self._under_way[digest])
        except Refused as error:
            raise Unavailable(f"request {self._under_way.pop(digest)} is not known: {error.reason}") from error
        del self._under_way[digest]
        return receipts(status, len(people))

    def _post(self, batch: Batch, content: bytes) -> str:
        try:
            return str(self._call("POST", f"/v1/audienceMembers:{batch.stage}", content=content).json()["requestId"])
        except Refused as error:
            if any(reason in error.reason for reason in LIST_REASONS):
                self._check_list(batch.audience)
            raise

    def _check_list(self, audience: Audience) -> None:
        if self._call("GET", f"{self.parent}/{audience.external_id}", expect=NOT_FOUND).status_code == 404:
            raise AudienceGone(f'user list "{audience.name}" ({audience.external_id}) is not there any more')

    def _finished(self, request_id: str) -> dict[str, Any]:
        """The request's status once it is final. Raises Unavailable when it takes too long."""
        pause, until = self.first_pause, time.monotonic() + self.patience
        while True:
            answer = self._call("GET", "/v1/requestStatus:retrieve", params={"requestId": request_id}).json()
            status: dict[str, Any] = answer["requestStatusPerDestination"][0]
            if status["requestStatus"] in ("SUCCESS", "PARTIAL_SUCCESS", "FAILED"):
                return status
            if time.monotonic() > until:
                raise Unavailable(f"request {request_id} is still processed after {self.patience:.0f} s")
            time.sleep(pause)
            pause = min(pause * 2, 300.0)


def _usable(found: dict[str, Any]) -> Audience:
    if "CONTACT_ID" not in found.get("ingestedUserListInfo", {}).get("uploadKeyTypes", ()):
        raise Refused(
            f'user list "{found["displayName"]}" does not take contact information. '
            "Choose another audience name in _syncs.yml."
        )
    return Audience(found["displayName"], str(found["id"]))


def normal_email(value: str) -> str:
    """Without white space, in lower case; for Gmail without dots and without what follows a plus."""
    local, at, domain = "".join(value.split()).lower().rpartition("@")
    if domain in GMAIL:
        local = local.partition("+")[0].replace(".", "")
    return local + at + domain


def identifier(row: Row) -> dict[str, str] | None:
    """The key as a `UserIdentifier`: SHA-256 (hex) of its normal form. None when it is malformed."""
    email, phone = normal_email(row.key), row.key.strip()
    if ADDRESS.fullmatch(email):
        return {"emailAddress": hashlib.sha256(email.encode()).hexdigest()}
    if PHONE.fullmatch(phone):
        return {"phoneNumber": hashlib.sha256(phone.encode()).hexdigest()}
    return None


def receipts(status: dict[str, Any], size: int) -> Receipts:
    """What a final status says of `size` members, in the order they were sent.

    Raises Refused when it does not say whose fault it was (halving finds them, and sending the others again changes
    nothing), and Unavailable when Google failed altogether.
    """
    counts = status.get("errorInfo", {}).get("errorCounts", [])
    total = sum(int(count["recordCount"]) for count in counts)
    if status["requestStatus"] == "SUCCESS" and not total:
        return [ACCEPTED] * size
    said = ", ".join(f"{count['recordCount']} {count['reason']}" for count in counts)
    if status["requestStatus"] == "FAILED" and (not counts or all(count["reason"] == INTERNAL for count in counts)):
        raise Unavailable(f"the request failed: {said or 'no reason given'}")
    blamed = {index: count["reason"] for count in counts for index in count.get("recordIndices", ())}
    if total == size and len(counts) == 1:  # all of them, for one reason
        blamed = dict.fromkeys(range(size), counts[0]["reason"])
    if len(blamed) != total or (status["requestStatus"] == "FAILED" and total < size):
        raise Refused(f"{status['requestStatus']}: {said} of {size}")
    return [_receipt(blamed.get(index)) for index in range(size)]


def _receipt(reason: str | None) -> Receipt:
    if reason is None:
        return ACCEPTED
    return retry_after(None, reason) if reason == INTERNAL else rejected(reason)


def failure(response: "httpx.Response") -> DestinationError | None:
    """A refusal with the reasons of Google's details beside its words."""
    if response.status_code not in (400, 401, 429):
        return None
    reason = f"HTTP {response.status_code}: {words(response)}"
    if response.status_code == 429:
        return Throttled(f"{reason} The day's requests are spent.", SPENT_PAUSE) if A_DAY in response.text else None
    if response.status_code == 401:
        return Expired(reason)
    try:
        details = response.json()["error"].get("details", ())
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    found = [violation for detail in details for violation in (detail, *detail.get("fieldViolations", ()))]
    told = [f"{entry.get('reason', '')} {entry.get('field', '')} {entry.get('description', '')}" for entry in found]
    reason = " ".join(" ".join([reason, *told]).split())[:1000]
    return AccessRefused(reason) if UNSIGNED in reason else Refused(reason)
