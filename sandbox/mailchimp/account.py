"""One account of Mailchimp's Marketing API 3.0: who may call, what it says when it refuses, and its tables. Stateful.

No contract of it is on PyPI; the stand-in follows the documentation pages, fields closed by hand:
https://mailchimp.com/developer/marketing/docs/errors/
https://mailchimp.com/developer/marketing/docs/fundamentals/#throttling (10 connections at a time)
"""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request

from sandbox.access import LIST_ID
from sandbox.context import Here, Sandbox
from sandbox.errors import Refused, refusal, unauthenticated

MOST, CONNECTIONS, MAX_PAGE = 500, 10, 1_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS mailchimp_member (
    id TEXT PRIMARY KEY, email TEXT UNIQUE NOT NULL, status TEXT NOT NULL, is_forgotten INTEGER NOT NULL DEFAULT 0,
    merge_fields TEXT NOT NULL, changed TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mailchimp_merge_field (tag TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mailchimp_segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mailchimp_segment_member (
    segment_id INTEGER NOT NULL, member_id TEXT NOT NULL, PRIMARY KEY (segment_id, member_id));
"""


def refuse(status: int, detail: str, errors: list[dict[str, str]] | None = None) -> Refused:
    body = refusal("mailchimp", status, detail)
    return Refused(status, body | {"title": "Invalid Resource", "errors": errors} if errors else body)


def check_request(request: Request, sandbox: Here) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        try:
            given = base64.b64decode(given).decode().partition(":")[2]
        except ValueError:
            given = ""
    if given != sandbox.keys.mailchimp_key:
        raise Refused(*unauthenticated("mailchimp"))
    if request.app.state.traffic.under_way["mailchimp"] > CONNECTIONS:
        raise refuse(429, "You have exceeded the limit of 10 simultaneous connections.")


def check_list(list_id: str = LIST_ID) -> None:
    if list_id != LIST_ID:
        raise refuse(404, "The requested resource could not be found.")


router = APIRouter(prefix="/mailchimp/3.0", dependencies=[Depends(check_request)])


@router.get("/ping")
def ping() -> dict[str, str]:
    return {"health_status": "Everything's Chimpy!"}


def prepare(sandbox: Sandbox) -> None:
    """Make the account: one audience, empty."""
    sandbox.state.define(SCHEMA)


def check_fields(body: dict[str, Any], fields: set[str], where: str) -> None:
    unknown = sorted(set(body) - fields)
    if unknown:
        problem = [{"field": where + name, "message": "This field is not part of the schema"} for name in unknown]
        raise refuse(400, "The resource submitted could not be validated.", problem)


def moment(text: str | None) -> datetime | None:
    """A time as naive UTC; None for none. Raises Refused when it is none of ISO 8601."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise refuse(400, f"{text} is no time of ISO 8601") from error
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def page_size(count: int) -> int:
    if not 1 <= count <= MAX_PAGE:
        raise refuse(400, f"count must be 1 to {MAX_PAGE}")
    return count


def member_id_of(email: str) -> str:
    """The id of a member: https://mailchimp.com/developer/marketing/docs/methods-parameters/#path-parameters"""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()
