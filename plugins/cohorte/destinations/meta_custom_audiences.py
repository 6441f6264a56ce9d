"""Meta Custom Audiences: hashed people put into a customer-file audience, or taken out of it.

https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences (normal forms, 10,000 a call)
https://developers.facebook.com/docs/marketing-api/reference/custom-audience/users (parameters of `POST` and `DELETE`)
https://developers.facebook.com/docs/marketing-api/error-reference (what the codes mean)
https://developers.facebook.com/docs/graph-api/overview/rate-limiting (codes of rate limits, the usage header)

Meta gets SHA-256 of what identifies a person and nothing in the clear. It cannot tell whether a hash is of a real
address, so malformed keys are refused here. A change takes up to a day to show in Ads Manager.

A removal names the key alone, since it knows nothing else of a person. Who is matched by a further identifier and not
by the key may therefore stay: map `fields` where a better match is worth that. The guide calls `session` required and
the reference does not; it groups batches of one upload, and a call without it is complete in itself.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Sequence
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

VERSION = "v26.0"
BATCH = 10_000
PAGE = 100
THROTTLED = frozenset({4, 17, 32, 341, 613, *range(80_000, 80_015)})
"""Of the app, the user, the page, the account; from 80000 on, of a business use case (80003: custom audiences)."""
PASSING = frozenset({1, 2})
NO_ACCESS = frozenset({10, 102, 104, 190, *range(200, 300)})
MISSING = (100, 33)
BLOCKED = (100, 1713230)
"""Meta has flagged the audience (`operation_status` 471): a person has to appeal or make another one."""
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
PHONE = re.compile(r"\+[0-9 ().-]{7,}")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}.*")
UNHASHED = frozenset({"EXTERN_ID"})


def letters(value: str) -> str:
    return "".join(character for character in value.lower() if character.isalpha())


def digits(value: str) -> str:
    return re.sub(r"\D", "", value)


def part_of_date(first: int, last: int) -> Callable[[str], str]:
    """Of a date as ISO text, or of the part alone; months and days have two digits."""
    return lambda value: value[first:last] if DATE.fullmatch(value) else digits(value).zfill(last - first)


FORMS: dict[str, Callable[[str], str]] = {
    "EMAIL": lambda value: value.strip().lower(),
    "PHONE": lambda value: digits(value).lstrip("0"),
    "EXTERN_ID": str.strip,
    "FN": letters,
    "LN": letters,
    "CT": letters,
    "ST": letters,
    "ZIP": lambda value: value.lower().replace(" ", "").partition("-")[0],
    "COUNTRY": lambda value: letters(value)[:2],
    "GEN": lambda value: letters(value)[:1],
    "DOBY": part_of_date(0, 4),
    "DOBM": part_of_date(5, 7),
    "DOBD": part_of_date(8, 10),
}
"""Identifier -> its normal form before it is hashed. A sync's `fields` may name any of them."""


class MetaCustomAudiences(Destination):
    """Connection: `password` is the token of a system user; extra `ad_account_id`, digits without `act_`.

    Optional extra: `app_secret` (every call then proves that it knows it), `customer_file_source` (default
    `USER_PROVIDED_ONLY`).
    """

    name: ClassVar[str] = "meta_custom_audiences"
    about: ClassVar[About] = About(
        MODES,
        auth=("system_user_token",),
        contract="parameters of facebook-business 26.0.3, limits and codes from the documentation",
    )
    limits = Limits(batch=BATCH, concurrent=4, requests=2_900, seconds=300)
    stages = (
        Stage("add", frozenset({"add", "update"}), batch=BATCH),
        Stage("remove", frozenset({"remove"}), batch=BATCH),
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        token, secret = credentials.password, credentials.extra.get("app_secret", "")
        self.path = f"/{VERSION}/act_{credentials.required('ad_account_id')}/customaudiences"
        self.source = credentials.extra.get("customer_file_source", "USER_PROVIDED_ONLY")
        proof = hmac.new(secret.encode(), token.encode(), "sha256").hexdigest()
        self.proof = {"appsecret_proof": proof} if secret else {}
        self.api = Api(
            self,
            credentials.host or "https://graph.facebook.com",
            headers={"Authorization": f"Bearer {token}"},
            failure=failure,
        )

    def open_audience(self, name: str) -> Audience:
        try:
            return self._find(name) or self._create(name)
        except AudienceGone as error:  # the ad account itself: that says nothing of the audience
            raise AccessRefused(error.reason) from error

    def send(self, batch: Batch) -> Receipts:
        """People whose key is malformed are refused here; to be removed they were never there."""
        known = [identifiers(row) for row in batch.rows]
        people = [person for person in known if person]
        method = "DELETE" if batch.stage == "remove" else "POST"
        refused = self._change(method, batch.audience, people) if people else []
        receipts: Receipts = []
        for row, person in zip(batch.rows, known, strict=True):
            if person is None and row.operation != "remove":
                receipts.append(rejected("the key is no e-mail address, phone number or id, so it has no hash"))
            else:
                is_refused = person is not None and person in refused
                receipts.append(rejected("Meta counts it among invalid_entry_samples") if is_refused else ACCEPTED)
        return receipts

    def examine(self) -> Iterator[Finding]:
        """https://developers.facebook.com/docs/marketing-api/reference/ad-account/customaudiences/"""
        answer = self.api.call("GET", self.path, params={"fields": "id,name", "limit": 1} | self.proof)
        yield Finding("token", "ok", "the ad account's audiences may be read")
        used = max((float(use.get("call_count", 0)) for use in uses(answer)), default=None)
        if used is not None:
            yield health.quota(100 - used, 100, "% of the hour's calls")
        yield health.clock(answer.headers.get("Date"))

    def close(self) -> None:
        self.api.close()

    def _find(self, name: str) -> Audience | None:
        asked = self.proof | {"fields": "id,name,subtype", "limit": str(PAGE)}
        after: dict[str, str] = {}
        while True:
            page = self.api.call("GET", self.path, params=asked | after).json()
            for found in page["data"]:
                if found["name"] == name:
                    return self._usable(found)
            if "next" not in page.get("paging", {}):
                return None
            after = {"after": page["paging"]["cursors"]["after"]}

    def _create(self, name: str) -> Audience:
        body = {"name": name, "subtype": "CUSTOM", "customer_file_source": self.source}
        made = self.api.call("POST", self.path, params=self.proof, data=body).json()
        return Audience(name, str(made["id"]), is_new=True)

    def _usable(self, found: dict[str, Any]) -> Audience:
        if found["subtype"] != "CUSTOM":
            raise Refused(
                f'audience "{found["name"]}" is a {found["subtype"]} audience: Meta fills it itself. '
                "Choose another audience name in _syncs.yml."
            )
        return Audience(found["name"], str(found["id"]))

    def _change(self, method: str, audience: Audience, people: Sequence[dict[str, str]]) -> list[dict[str, str]]:
        """Sends one call, and returns whom Meta found invalid.

        Raises Refused when Meta counts more of them than it names: halving finds them, and sending the others again
        changes nothing.
        """
        schema = sorted({name for person in people for name in person})
        payload = {"schema": schema, "is_raw": True, "data": [[p.get(name, "") for name in schema] for p in people]}
        answer = self.api.call(
            method,
            f"/{VERSION}/{audience.external_id}/users",
            params=self.proof,
            data={"payload": json.dumps(payload, separators=(",", ":"))},
        ).json()
        if int(answer["num_received"]) != len(people):
            raise Unavailable(f"Meta received {answer['num_received']} of {len(people)} people")
        invalid = int(answer.get("num_invalid_entries") or 0)
        if not invalid:
            return []
        named = set(texts(answer.get("invalid_entry_samples")))
        refused = [person for person in people if key_of(person) in named]
        if len(refused) != invalid:
            raise Refused(f"Meta counts {invalid} invalid entries among {len(people)}, and names {len(refused)}")
        return refused


def identifiers(row: Row) -> dict[str, str] | None:
    """What Meta may match a row by: identifier -> hash. None when the key is malformed.

    To be removed, the key is enough. Raises DestinationError on a field that Meta does not match by.
    """
    key = row.key.strip()
    kind = "EMAIL" if "@" in key else "PHONE" if key.startswith("+") else "EXTERN_ID"
    if not key or (kind == "EMAIL" and not ADDRESS.fullmatch(key)) or (kind == "PHONE" and not PHONE.fullmatch(key)):
        return None
    known = {kind: key}
    if row.operation != "remove":
        known = {name: str(value) for name, value in row.fields.items() if value not in (None, "")} | known
    if unknown := sorted(known.keys() - FORMS.keys()):
        raise DestinationError(
            f"Meta does not match people by {', '.join(unknown)}, only by {', '.join(FORMS)}. Mend the sync's fields."
        )
    return {name: hashed(name, value) for name, value in known.items() if FORMS[name](value)}


def key_of(person: dict[str, str]) -> str:
    """What tells one person from another: never a name or a town, which many share."""
    return next(person[name] for name in ("EMAIL", "PHONE", "EXTERN_ID") if name in person)


def hashed(name: str, value: str) -> str:
    """SHA-256 (hex) of the normal form; an external id goes as it is."""
    normal = FORMS[name](value)
    return normal if name in UNHASHED else hashlib.sha256(normal.encode()).hexdigest()


def texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value: the reference does not say how samples are nested."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def failure(response: "httpx.Response") -> DestinationError | None:
    """What a refusal means. Meta answers most of them with 400 and tells the kind by a code in the body."""
    try:
        error = response.json()["error"]
        code, subcode = int(error["code"]), int(error.get("error_subcode") or 0)
    except (ValueError, KeyError, TypeError):
        return None
    said = " ".join(str(part) for part in (words(response), error.get("error_user_msg")) if part)
    reason = f"HTTP {response.status_code}, code {code}{f'/{subcode}' if subcode else ''}: {said}"
    if code in THROTTLED:
        return Throttled(reason, wait(response))
    if code in PASSING:
        return Unavailable(reason)
    if code in NO_ACCESS:
        return AccessRefused(reason)
    if (code, subcode) == MISSING:
        return AudienceGone(reason)
    if (code, subcode) == BLOCKED:
        return DestinationError(reason)
    return None


def wait(response: "httpx.Response") -> float | None:
    """Seconds until Meta lets us in again; without a word of it in minutes, as HTTP has it."""
    minutes = max((float(use.get("estimated_time_to_regain_access", 0)) for use in uses(response)), default=0.0)
    return minutes * 60 if minutes else retry_after_seconds(response)


def uses(response: "httpx.Response") -> list[dict[str, Any]]:
    """What `X-Business-Use-Case-Usage` says of the use of each quota, in per cent and minutes; nothing without it.

    https://developers.facebook.com/docs/graph-api/overview/rate-limiting
    """
    try:
        found = json.loads(response.headers.get("x-business-use-case-usage", "{}"))
        return [dict(use) for business in found.values() for use in business]
    except (ValueError, TypeError, AttributeError):
        return []
