"""Meta's Graph API: lead forms and their leads, published posts and their comments.

No licensed machine-readable contract exists beside the types of PyPI `facebook-business`. Followed pages:
https://developers.facebook.com/docs/graph-api/results (paging: cursors, limit 25 unless asked, here 100 at most)
https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving (leads, `filtering` on `time_created`)
https://developers.facebook.com/docs/graph-api/reference/object/comments
https://developers.facebook.com/docs/graph-api/guides/error-handling (codes 100, 104, 190, 2500)
https://developers.facebook.com/docs/graph-api/guides/secure-requests (appsecret_proof)
https://developers.facebook.com/docs/graph-api/reference/debug_token
"""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request

from sandbox.access import PAGE_ID
from sandbox.context import Here, Sandbox, public_url
from sandbox.errors import Refused

DEFAULT_LIMIT, MAX_LIMIT = 25, 100
VERSIONS = range(18, 27)
PAGE = {"id": PAGE_ID, "name": "Corner Market", "category": "Grocery Store"}


@dataclass(frozen=True)
class Edge:
    """A collection: its table and parent column, newest or oldest first, and the fields a caller may ask for."""

    node: str
    table: str
    parent: str
    fields: dict[str, str]
    """Field -> SQL, a JSON value."""
    default: tuple[str, ...]
    is_newest_first: bool


TIME = "to_json(strftime(created, '%Y-%m-%dT%H:%M:%S+0000'))"
TEXT = "to_json({})".format
EDGES = {
    "leadgen_forms": Edge(
        "LeadgenForm",
        "lead_form",
        f"'{PAGE_ID}'",
        {"id": TEXT("id"), "name": TEXT("name"), "status": TEXT("'ACTIVE'"), "locale": TEXT("'en_US'"),
         "created_time": TIME},
        ("id", "locale", "name", "status"),
        True,
    ),
    "leads": Edge(
        "LeadgenData",
        "lead",
        "form_id",
        {"id": TEXT("id"), "created_time": TIME, "field_data": "field_data", "form_id": TEXT("form_id"),
         "is_organic": "'true'", "platform": TEXT("'fb'")},
        ("created_time", "id", "field_data"),
        True,
    ),
    "published_posts": Edge(
        "PagePost",
        "page_post",
        f"'{PAGE_ID}'",
        {"id": TEXT("id"), "created_time": TIME, "message": TEXT("message"), "is_published": "'true'",
         "permalink_url": TEXT("'https://www.facebook.com/' || id")},
        ("created_time", "message", "id"),
        True,
    ),
    "comments": Edge(
        "Comment",
        "page_comment",
        "post_id",
        {"id": TEXT("id"), "created_time": TIME, "message": TEXT("message"),
         "from": "json_object('id', from_id, 'name', from_name)", "like_count": "'0'", "comment_count": "'0'",
         "permalink_url": TEXT("'https://www.facebook.com/' || id")},
        ("created_time", "from", "message", "id"),
        False,
    ),
}  # fmt: skip
OPERATORS = {"GREATER_THAN": ">", "GREATER_THAN_OR_EQUAL": ">=", "LESS_THAN": "<", "LESS_THAN_OR_EQUAL": "<="}

router = APIRouter(prefix="/meta")


def refuse(code: int, message: str, kind: str = "OAuthException", **more: Any) -> Refused:
    return Refused(400, {"error": {"message": message, "type": kind, "code": code, **more, "fbtrace_id": "AsAnDbOx"}})


@router.get("/{path:path}")
def read(path: str, request: Request, sandbox: Here) -> dict[str, Any]:
    parts = path.strip("/").split("/")
    if re.fullmatch(r"v\d+\.\d+", parts[0]):
        if int(parts[0][1:].split(".")[0]) not in VERSIONS:
            raise refuse(2500, f"Unknown path components: /{parts[0]}")
        del parts[0]
    query = dict(request.query_params)
    token = _check_token(query, request, sandbox)
    if parts == ["debug_token"]:
        return _debug_token(query, sandbox)
    if len(parts) == 1:
        return _node(parts[0], query, sandbox)
    if len(parts) != 2 or parts[1] not in EDGES:
        raise refuse(2500, f"Unknown path components: /{'/'.join(parts[1:])}")
    address = f"{public_url(request)}{request.url.path}"
    return _collection(parts[0], EDGES[parts[1]], query, f"{address}?{{}}", token, sandbox)


def _check_token(query: dict[str, str], request: Request, sandbox: Sandbox) -> str:
    """The page's token, from the query or the Authorization header; the app's own (`id|secret`) for debug_token."""
    scheme, _, header = request.headers.get("authorization", "").partition(" ")
    given = query.pop("access_token", "") or (header if scheme in ("Bearer", "OAuth") else "")
    if not given:
        raise refuse(104, "An access token is required to request this resource.")
    app = f"{sandbox.keys.meta_app_id}|{sandbox.keys.meta_app_secret}"
    if given != sandbox.keys.meta_token and not (given == app and request.url.path.endswith("/debug_token")):
        raise refuse(190, "Invalid OAuth access token - Cannot parse access token")
    proof = query.pop("appsecret_proof", None)
    expected = hmac.new(sandbox.keys.meta_app_secret.encode(), given.encode(), hashlib.sha256).hexdigest()
    if proof is not None and proof != expected:
        raise refuse(100, "Invalid appsecret_proof provided in the API argument", "GraphMethodException")
    return given


def _debug_token(query: dict[str, str], sandbox: Sandbox) -> dict[str, Any]:
    if "input_token" not in query:
        raise refuse(100, "(#100) The parameter input_token is required")
    if query["input_token"] != sandbox.keys.meta_token:
        error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    return {
        "data": {
            "app_id": sandbox.keys.meta_app_id,
            "application": "Cohorte sandbox",
            "type": "PAGE",
            "profile_id": PAGE_ID,
            "is_valid": True,
            "expires_at": 0,
            "data_access_expires_at": 0,
            "scopes": ["leads_retrieval", "pages_manage_ads", "pages_read_engagement", "pages_read_user_content"],
        }
    }


def _node(object_id: str, query: dict[str, str], sandbox: Sandbox) -> dict[str, Any]:
    if object_id in (PAGE_ID, "me"):
        wanted = [name for name in query.get("fields", "name,id").split(",") if name]
        for name in wanted:
            if name not in PAGE:
                raise refuse(100, f"(#100) Tried accessing nonexisting field ({name}) on node type (Page)")
        return {name: PAGE[name] for name in {*wanted, "id"}}
    for edge in EDGES.values():
        fields = _fields(edge, query) if _exists(edge.table, object_id, sandbox) else ()
        if fields:
            return _rows(edge, fields, "id = ?", [object_id], 1, sandbox)[0][2]
    raise _missing(object_id)


def _collection(
    parent: str, edge: Edge, query: dict[str, str], address: str, token: str, sandbox: Sandbox
) -> dict[str, Any]:
    parent = PAGE_ID if parent == "me" else parent
    known = parent == PAGE_ID if PAGE_ID in edge.parent else _exists(_parent_table(edge), parent, sandbox)
    if not known:
        raise _missing(parent)
    fields = _fields(edge, query)
    limit = _limit(query.get("limit"))
    conditions, values = [f"{edge.parent} = ?"], [parent]
    for operator, moment in _bounds(query):
        conditions.append(f"created {operator} TIMESTAMP '{moment.isoformat(sep=' ')}'")
    if query.get("after"):
        created, object_id = _position(query["after"])
        sign = "<" if edge.is_newest_first else ">"
        conditions.append(f"(created, id) {sign} (TIMESTAMP '{created.isoformat(sep=' ')}', ?)")
        values.append(object_id)
    rows = _rows(edge, fields, " AND ".join(conditions), values, limit + 1, sandbox)
    page, more = rows[:limit], len(rows) > limit
    if not page:
        return {"data": []}
    cursors = {"before": _cursor(*page[0][:2]), "after": _cursor(*page[-1][:2])}
    paging: dict[str, Any] = {"cursors": cursors}
    if more:
        kept = query | {"access_token": token, "limit": str(limit), "after": cursors["after"]}
        paging["next"] = address.format(urlencode(kept))
    return {"data": [row[2] for row in page], "paging": paging}


def _rows(
    edge: Edge, fields: tuple[str, ...], condition: str, values: list[str], limit: int, sandbox: Sandbox
) -> list[tuple[datetime, str, dict[str, Any]]]:
    """(created, id, object) of what exists at the sandbox's time."""
    columns = ", ".join(edge.fields[name] for name in fields)
    direction = "DESC" if edge.is_newest_first else "ASC"
    found = sandbox.world.cursor().execute(
        f"SELECT created, id, {columns} FROM {edge.table} WHERE created <= ? AND {condition} "
        f"ORDER BY created {direction}, id {direction} LIMIT {limit}",
        [sandbox.now(), *values],
    )
    return [
        (row[0], row[1], {name: json.loads(value) for name, value in zip(fields, row[2:], strict=True)})
        for row in found.fetchall()
    ]


def _fields(edge: Edge, query: dict[str, str]) -> tuple[str, ...]:
    """What was asked for, and always the id. Raises Refused for a field the node lacks."""
    listed = re.sub(r"\{.*?\}", "", query.get("fields", ""))  # from{id,name}: the braces choose within, all is given
    asked = tuple(name for name in listed.split(",") if name) or edge.default
    for name in asked:
        if name not in edge.fields:
            raise refuse(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({edge.node})")
    return tuple(dict.fromkeys((*asked, "id")))


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not text.isdigit() or int(text) < 1:
        raise refuse(100, "(#100) Param limit must be a positive number")
    return min(int(text), MAX_LIMIT)


def _bounds(query: dict[str, str]) -> list[tuple[str, datetime]]:
    """`since`, `until` and `filtering` as comparisons with the time of creation."""
    found = [(sign, _moment(query[name])) for name, sign in (("since", ">="), ("until", "<=")) if query.get(name)]
    try:
        filters = json.loads(query.get("filtering", "[]"))
        for item in filters:
            if item["field"] != "time_created":
                raise refuse(100, f"(#100) Filtering field {item['field']} is invalid")
            found.append((OPERATORS[item["operator"]], _moment(str(item["value"]))))
    except (KeyError, TypeError, ValueError) as error:
        raise refuse(100, f"(#100) Param filtering is invalid: {error}") from error
    return found


def _moment(text: str) -> datetime:
    """A Unix timestamp or an ISO date, as naive UTC."""
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), UTC).replace(tzinfo=None)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError, OSError) as error:
        raise refuse(100, f"(#100) Invalid timestamp: {text}") from error


def _cursor(created: datetime, object_id: str) -> str:
    return base64.urlsafe_b64encode(f"{created.isoformat()} {object_id}".encode()).decode().rstrip("=")


def _position(cursor: str) -> tuple[datetime, str]:
    try:
        created, object_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(" ")
        return datetime.fromisoformat(created), object_id
    except ValueError as error:
        raise refuse(100, "(#100) Param after is invalid: cursors are given, never made") from error


def _parent_table(edge: Edge) -> str:
    return "lead_form" if edge.parent == "form_id" else "page_post"


def _exists(table: str, object_id: str, sandbox: Sandbox) -> bool:
    found = sandbox.world.cursor().execute(
        f"SELECT 1 FROM {table} WHERE id = ? AND created <= ?", [object_id, sandbox.now()]
    )
    return found.fetchone() is not None


def _missing(object_id: str) -> Refused:
    message = (
        f"Unsupported get request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api"
    )
    return refuse(100, message, "GraphMethodException", error_subcode=33)
