"""What every call to Account Engagement's API version 5 has in common: who calls, how much, and what is asked.

https://developer.salesforce.com/docs/marketing/pardot/guide/version5overview.html (queries, paging, errors)
https://developer.salesforce.com/docs/marketing/pardot/guide/authentication.html (session and business unit)
https://developer.salesforce.com/docs/marketing/pardot/guide/overview.html#rate-limits (5 at once; calls of a day)
https://developer.salesforce.com/docs/marketing/pardot/guide/error-codes.html (what the codes mean)

The documentation gives limits a code in the body (66, 122) and no HTTP status: 400 here is a guess, as is 401 for 184.
"""

import base64
import json
import operator
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from sandbox.access import BUSINESS_UNIT_ID
from sandbox.context import Here, public_url
from sandbox.errors import Refused, refusal, unauthenticated

PLATFORM = "account_engagement"
CONCURRENT = 5
DAILY = 25_000
"""Calls a day of the smallest edition."""
PAGE, MAX_PAGE, MAX_SEQUENCE, MAX_FILTERED = 200, 1_000, 100_000, 3
COMPARISONS: dict[str, tuple[type, str]] = {
    "GreaterThan": (int, ">"),
    "GreaterThanOrEqualTo": (int, ">="),
    "LessThan": (int, "<"),
    "LessThanOrEqualTo": (int, "<="),
    "After": (datetime, ">"),
    "AfterOrEqualTo": (datetime, ">="),
    "Before": (datetime, "<"),
    "BeforeOrEqualTo": (datetime, "<="),
}
"""End of a parameter's name -> the type of field it compares, and how."""
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Usage:
    """The calls of the sandbox's day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.limit, self.used, self._day = DAILY, 0, date.min

    def take(self, day: date) -> bool:
        with self._lock:
            if day != self._day:
                self.used, self._day = 0, day
            if self.used >= self.limit:
                return False
            self.used += 1
            return True

    def leave(self, calls: int) -> None:
        """From now on, so many calls are left today."""
        with self._lock:
            self.limit = self.used + calls


@dataclass(frozen=True)
class Query:
    """What is asked of one object."""

    fields: tuple[str, ...]
    conditions: tuple[tuple[str, str, Any], ...]
    """Field, SQL operator, value; all of them hold."""
    order: str
    is_descending: bool
    limit: int
    offset: int
    asked: dict[str, str]
    """The parameters, without `fields` and token: what a token stands for."""

    def holds(self, record: Mapping[str, Any]) -> bool:
        return all(
            record.get(field) is not None and OPERATORS[sign](record[field], value)
            for field, sign, value in self.conditions
        )


def refuse(code: int, message: str, status: int = 400) -> Refused:
    return Refused(status, {"code": code, "message": message})


def check_request(request: Request, sandbox: Here) -> None:
    """Session, business unit, calls at once, calls of the day."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not sandbox.tokens.valid(PLATFORM, given):
        raise Refused(*unauthenticated(PLATFORM))
    unit = request.headers.get("pardot-business-unit-id")
    if unit is None:
        raise refuse(181, "A required header is missing: Pardot-Business-Unit-Id")
    if unit != BUSINESS_UNIT_ID:
        said = "Business Unit specified in Pardot-Business-Unit-Id header not found or inactive."
        raise refuse(201, said, 403)
    if request.app.state.traffic.under_way[PLATFORM] > CONCURRENT:
        raise refuse(66, "You have exceeded your concurrent request limit. Please wait, before trying again")
    if not request.app.state.account_engagement_usage.take(sandbox.now().date()):
        raise refuse(122, "Daily API rate limit met")


def parse(request: Request, known: Mapping[str, type], filterable: Iterable[str]) -> Query:
    """The query's parameters. `known`: every field, one of a related object as `prospect.email`, and its type.

    Raises Refused for whatever version 5 does not know.
    """
    given = dict(request.query_params)
    fields = chosen(given.pop("fields", ""), known)
    if token := given.pop("nextPageToken", None):
        if given:
            raise refuse(5, f"Invalid query parameters: {min(given)} may not accompany nextPageToken")
        given, offset = _resume(token)
    else:
        offset = 0
    asked = dict(given)
    if given.pop("deleted", "false") != "false":
        raise refuse(5, "Invalid query parameters: the sandbox has no recycle bin")
    limit = given.pop("limit", str(PAGE))
    if not limit.isdigit() or not 1 <= int(limit) <= MAX_PAGE:
        raise refuse(23, "Invalid value specified for limit")
    order, _, direction = given.pop("orderBy", "id").partition(" ")
    if order not in filterable or direction.upper() not in ("", "ASC", "DESC"):
        raise refuse(19, "Invalid value specified for sort_by")
    conditions = tuple(
        _condition(name, value, {field: known[field] for field in filterable}) for name, value in given.items()
    )
    if len({field for field, _, _ in conditions}) > MAX_FILTERED:
        raise refuse(209, "Too many fields have filters: the max number of 3 distinct fields was exceeded")
    return Query(fields, conditions, order, direction.upper() == "DESC", int(limit), offset, asked)


def chosen(fields: str, known: Mapping[str, type]) -> tuple[str, ...]:
    """The names in a `fields` parameter. Raises Refused when there is none, or one that the object does not have."""
    names = tuple(name.strip() for name in fields.split(",") if name.strip())
    if not names:
        raise refuse(13, "One or more required parameters are missing: fields")
    if unknown := sorted(set(names) - known.keys()):
        raise refuse(180, f"One or more of the specified fields are invalid: {', '.join(unknown)}")
    return names


def select(query: Query, records: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of all records of an object: those asked for, one more than the page holds if there are so many."""
    found = sorted(filter(query.holds, records), key=lambda record: record["id"])
    found.sort(key=lambda record: record[query.order], reverse=query.is_descending)
    return found[query.offset : query.offset + query.limit + 1]


def page(request: Request, query: Query, found: list[Mapping[str, Any]]) -> JSONResponse:
    """The answer to a query that found these; a record more than the page holds means there is a next one."""
    following, headers = None, {}
    after = query.offset + query.limit
    if len(found) > query.limit and after >= MAX_SEQUENCE:
        headers["Pardot-Warning"] = "203;Record count for nextPageToken sequence has been exceeded."
    elif len(found) > query.limit:
        following = base64.urlsafe_b64encode(json.dumps([after, query.asked]).encode()).decode()
    url = f"{public_url(request)}{request.url.path}?fields={','.join(query.fields)}&nextPageToken={following}"
    values = [shown(record, query.fields) for record in found[: query.limit]]
    body = {"nextPageToken": following, "nextPageUrl": url if following else None, "values": values}
    return JSONResponse(body, headers=headers)


def shown(record: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """The fields asked for; those of a related object in an object of their own."""
    answer: dict[str, Any] = {}
    for name in fields:
        value = record.get(name)
        value = value.replace(tzinfo=UTC).isoformat(timespec="seconds") if isinstance(value, datetime) else value
        related, _, inner = name.rpartition(".")
        (answer.setdefault(related, {}) if related else answer)[inner] = value
    return answer


def closed(body: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(body.keys() - known):
        raise refuse(180, f"One or more of the specified fields are invalid: {', '.join(unknown)}")


def missing(what: str) -> Refused:
    return Refused(404, refusal(PLATFORM, 404, what))


def _condition(name: str, value: str, filterable: Mapping[str, type]) -> tuple[str, str, Any]:
    end = max((end for end in COMPARISONS if name.endswith(end)), key=len, default="")
    field, sign = name.removesuffix(end), COMPARISONS[end][1] if end else "="
    if field not in filterable or (end and COMPARISONS[end][0] is not filterable[field]):
        raise refuse(5, f"Invalid query parameters: {name}")
    try:
        if filterable[field] is not datetime:
            return field, sign, filterable[field](value)
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise refuse(51, f"Invalid parameter: {name} is {value}") from error
    if moment.tzinfo is None:
        raise refuse(7, f"Invalid timestamp: {name} has no offset")
    return field, sign, moment.astimezone(UTC).replace(tzinfo=None)


def _resume(token: str) -> tuple[dict[str, str], int]:
    try:
        offset, asked = json.loads(base64.urlsafe_b64decode(token))
        return dict(asked), int(offset)
    except (TypeError, ValueError) as error:
        raise refuse(211, "Page token is invalid.") from error
