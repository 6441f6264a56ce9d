"""A page: lead forms and their leads, published posts, their comments and reactions.

https://developers.facebook.com/docs/graph-api/results (paging: cursors, limit 25 unless asked, here 100 at most)
https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving (leads, `filtering` on `time_created`)
https://developers.facebook.com/docs/graph-api/reference/object/comments
https://developers.facebook.com/docs/graph-api/reference/object/reactions (no time; `summary` counts)
"""

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request

from sandbox.access import PAGE_ID
from sandbox.context import Form, Here, Sandbox, public_url
from sandbox.meta import insights
from sandbox.meta.door import check_token, debug_token, missing, refuse, without_version

DEFAULT_LIMIT, MAX_LIMIT = 25, 100
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
    shows: str = "true"
    """SQL: which of its rows are still there."""


TIME = "to_json(strftime(created, '%Y-%m-%dT%H:%M:%S+0000'))"
TEXT = "to_json({})".format
COUNTED = "reactions.limit(0).summary(total_count)"
"""A field of a post that holds no reaction, but says how many there are."""
NOW = "{now}"
STANDS = f"coalesce(removed > {NOW}, true)"
COUNT = (
    "json_object('data', [], 'summary', json_object('total_count', (SELECT count(*) FROM page_reaction AS r "
    f"WHERE r.post_id = page_post.id AND r.created <= {NOW} AND {STANDS})))"
)
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
         "permalink_url": TEXT("'https://www.facebook.com/' || id"), COUNTED: COUNT},
        ("created_time", "message", "id"),
        True,
    ),
    "reactions": Edge(
        "Profile",
        "page_reaction",
        "post_id",
        {"id": TEXT("id"), "name": TEXT("name"), "type": TEXT("type")},
        ("id", "name", "type"),
        True,
        STANDS,
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


@router.get("/{path:path}")
def read(path: str, request: Request, sandbox: Here) -> dict[str, Any]:
    parts, query = without_version(path), dict(request.query_params)
    token = check_token(query, request, sandbox)
    if parts == ["debug_token"]:
        return debug_token(query, sandbox)
    if len(parts) == 1:
        return insights.status(parts[0], sandbox) or _node(parts[0], query, sandbox)
    if len(parts) == 2 and parts[1] == "insights":
        return insights.rows(parts[0], query, request, sandbox)
    if len(parts) != 2 or parts[1] not in EDGES:
        raise refuse(2500, f"Unknown path components: /{'/'.join(parts[1:])}")
    address = f"{public_url(request)}{request.url.path}"
    return _collection(parts[0], EDGES[parts[1]], query, f"{address}?{{}}", token, sandbox)


@router.post("/{path:path}")
def ask(path: str, request: Request, sandbox: Here, form: Form) -> dict[str, Any]:
    parts, query = without_version(path), dict(request.query_params) | form
    check_token(query, request, sandbox)
    if len(parts) != 2 or parts[1] != "insights":
        raise refuse(2500, f"Unknown path components: /{'/'.join(parts[1:])}")
    return insights.ask(parts[0], query, sandbox)


def _node(object_id: str, query: dict[str, str], sandbox: Sandbox) -> dict[str, Any]:
    if object_id in (PAGE_ID, "me"):
        wanted = [name for name in query.get("fields", "name,id").split(",") if name]
        for name in wanted:
            if name not in PAGE:
                raise refuse(100, f"(#100) Tried accessing nonexisting field ({name}) on node type (Page)")
        return {name: PAGE[name] for name in {*wanted, "id"}}
    for edge in (edge for edge in EDGES.values() if edge.node != "Profile"):
        fields = _fields(edge, query) if _exists(edge.table, object_id, sandbox) else ()
        if fields:
            return _rows(edge, fields, "id = ?", [object_id], 1, sandbox)[0][2]
    raise missing(object_id)


def _collection(
    parent: str, edge: Edge, query: dict[str, str], address: str, token: str, sandbox: Sandbox
) -> dict[str, Any]:
    parent = PAGE_ID if parent == "me" else parent
    known = parent == PAGE_ID if PAGE_ID in edge.parent else _exists(_parent_table(edge), parent, sandbox)
    if not known:
        raise missing(parent)
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
    now = f"TIMESTAMP '{sandbox.now().isoformat(sep=' ')}'"
    columns = ", ".join(edge.fields[name] for name in fields).replace(NOW, now)
    direction = "DESC" if edge.is_newest_first else "ASC"
    found = sandbox.world.cursor().execute(
        f"SELECT created, id, {columns} FROM {edge.table} WHERE created <= {now} AND {edge.shows.replace(NOW, now)} "
        f"AND {condition} ORDER BY created {direction}, id {direction} LIMIT {limit}",
        values,
    )
    return [
        (
            row[0],
            row[1],
            {name.partition(".")[0]: json.loads(value) for name, value in zip(fields, row[2:], strict=True)},
        )
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
