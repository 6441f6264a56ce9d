"""Meta's Graph API: answers to lead forms, and comments on a page's posts.

https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving
https://developers.facebook.com/docs/graph-api/reference/object/comments
Read with httpx rather than the SDK: the SDK puts the token into every address, where logs find it.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from cohorte import health
from cohorte.credentials import Credentials
from cohorte.health import Finding
from cohorte.sources.base import BATCH, About, Source, SourceError, Stream, Window
from cohorte.sources.http import TRANSIENT, Http

if TYPE_CHECKING:
    import pyarrow as pa

GRAPH = "https://graph.facebook.com"
VERSION = "v26.0"
PAGE = 100
"""Records a request may ask for at most."""
EMPTY_PAGES = 100
"""Pages without a record in a row, each with a next one, before that is called endless."""
PASSING_CODES = frozenset({1, 2, 4, 17, 32, 613})
"""Outages and rate limits, which Meta answers with 400: https://developers.facebook.com/docs/graph-api/guides/error-handling"""
SCOPES = {"leads_retrieval", "pages_manage_ads", "pages_read_engagement", "pages_read_user_content"}
EXPIRES_SOON = timedelta(days=14)
COLUMNS = {
    "lead": "id form_id email full_name phone_number meta_user_id favourite_category is_organic platform field_data",
    "comment": "id post_id from_id from_name message like_count comment_count permalink_url",
}
"""Always there, because staging reads them. Any other question of a form becomes a column as it comes."""

Record = dict[str, Any]


class Meta(Source):
    """Connection: `access_token` (a page's, long-lived) and `page_id` in its extra, `app_secret` to sign requests."""

    name = "meta"
    about = About(auth=("long_lived_token",), contract="the Graph API documentation, page by page")
    streams = (
        Stream(
            name="lead",
            resource="leads",
            key=("id",),
            cursor="created_time",
            lag=timedelta(days=1),
            has_fixed_columns=False,
        ),
        # An edited comment keeps its time of creation.
        Stream(name="comment", resource="comments", key=("id",), cursor="created_time", lag=timedelta(days=7)),
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        token = str(credentials.required("access_token"))
        secret = str(credentials.extra.get("app_secret") or "")
        host = credentials.host or GRAPH
        self.http = Http(
            self.name,
            f"{host if '://' in host else f'https://{host}'}/{credentials.extra.get('version') or VERSION}",
            auth=_Token(token),
            connection=credentials.name,
            secrets=[token, secret],
            is_transient=_is_transient,
        )
        proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        self.http.client.params = {"appsecret_proof": proof} if secret else {}
        self.page = str(credentials.required("page_id"))

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        records = self._leads(stream, window) if stream.name == "lead" else self._comments(stream, window)
        columns = COLUMNS[stream.name].split()
        yield _batch([], columns)
        held: list[Record] = []
        for record in records:
            if (created := self._created(stream, record)) and _is_within(created, window):
                held.append(record | {"created_time": created})
            if len(held) == BATCH:
                yield _batch(held, columns)
                held = []
        if held:
            yield _batch(held, columns)

    def examine(self) -> Iterator[Finding]:
        """https://developers.facebook.com/docs/graph-api/reference/debug_token"""
        token = str(self.credentials.required("access_token"))
        answer = self.http.get("/debug_token", params={"input_token": token})
        told = answer.json()["data"]
        if not told["is_valid"]:
            said = str((told.get("error") or {}).get("message", "it is not valid"))
            yield Finding("token", "failure", said, "Make a new long-lived token for the page.")
            return
        ends = [moment for name in ("expires_at", "data_access_expires_at") if (moment := told.get(name))]
        yield _expiry(datetime.fromtimestamp(min(ends), UTC) if ends else None)
        yield health.scopes(set(told["scopes"]), SCOPES)
        yield health.clock(answer.headers.get("Date"))

    def _leads(self, stream: Stream, window: Window) -> Iterator[Record]:
        bounds = [{"field": "time_created", "operator": "LESS_THAN", "value": _seconds(window.until) + 1}]
        if window.since:
            since = {"field": "time_created", "operator": "GREATER_THAN", "value": _seconds(window.since) - 1}
            bounds.append(since)
        asked = {"fields": "id,created_time,form_id,is_organic,platform,field_data", "filtering": json.dumps(bounds)}
        seen: set[str] = set()
        for form in self._all(stream, f"{self.page}/leadgen_forms", {"fields": "id"}, set()):
            for lead in self._all(stream, f"{form['id']}/leads", asked, seen):
                try:
                    yield lead | _answers(lead) | {"field_data": json.dumps(lead["field_data"], ensure_ascii=False)}
                except (KeyError, TypeError, AttributeError) as error:
                    self.reject(stream, f"field_data is not a list of answers ({error!r})", json.dumps(lead))

    def _comments(self, stream: Stream, window: Window) -> Iterator[Record]:
        # `stream`: replies to comments, too, in order of time.
        asked: Record = {
            "fields": "id,created_time,message,from,like_count,comment_count,permalink_url",
            "filter": "stream",
        }
        if window.since:
            asked["since"] = _seconds(window.since)
        seen: set[str] = set()
        for post in self._all(stream, f"{self.page}/published_posts", {"fields": "id"}, set()):
            for comment in self._all(stream, f"{post['id']}/comments", asked, seen):
                author = comment.pop("from", None) or {}  # absent when the author shares nothing with the page
                yield comment | {"post_id": post["id"], "from_id": author.get("id"), "from_name": author.get("name")}

    def _all(self, stream: Stream, edge: str, parameters: Record, seen: set[str]) -> Iterator[Record]:
        """Every record of an edge that is not in `seen`, page by page.

        `seen` grows: the edges of one kind share it, for a record belongs to one of them only.
        Raises SourceError when pages repeat or never end.
        """
        asked, empty = parameters | {"limit": PAGE}, 0
        while True:
            answer = self.http.get(f"/{edge}", params=asked).json()
            fresh = [record for record in answer["data"] if record.get("id") not in seen]
            empty = empty + 1 if not answer["data"] else 0
            if (answer["data"] and not fresh) or empty == EMPTY_PAGES:
                raise SourceError(
                    f"{self.name}.{stream.name}: /{edge} {'repeats a page' if answer['data'] else 'never ends'}. "
                    "Nothing was landed; run the load again."
                )
            seen.update(str(record.get("id")) for record in fresh)
            yield from fresh
            paging = answer.get("paging", {})
            if "next" not in paging:
                return
            # Never `next` itself: it has the token in it.
            asked["after"] = paging["cursors"]["after"]

    def _created(self, stream: Stream, record: Record) -> datetime | None:
        """When a record was created; None, and the record put aside, when it does not say."""
        try:
            return datetime.strptime(record["created_time"], "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
        except (KeyError, TypeError, ValueError) as error:
            self.reject(stream, f"created_time: {error}", json.dumps(record, default=str))
            return None


def _expiry(until: datetime | None) -> Finding:
    """How long a token is still good; None: for ever."""
    if until is None:
        return Finding("token", "ok", "valid, without an end")
    left = until - datetime.now(UTC)
    if left > EXPIRES_SOON:
        return Finding("token", "ok", f"valid until {until:%Y-%m-%d}")
    renew = "Make a new long-lived token for the page."
    return Finding("token", "warning", f"expires on {until:%Y-%m-%d}, in {max(left.days, 0)} days", renew)


class _Token(httpx.Auth):
    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _answers(lead: Record) -> dict[str, str]:
    """A lead's answers by question; a question named like a column of ours becomes `answer_<name>`."""
    ours = {"id", "form_id", "is_organic", "platform", "field_data", "created_time"}
    return {
        (f"answer_{answer['name']}" if answer["name"] in ours else answer["name"]): "; ".join(answer["values"])
        for answer in lead["field_data"]
    }


def _batch(records: list[Record], columns: list[str]) -> "pa.RecordBatch":
    """Records as text columns, those expected and those that came, and `created_time` in UTC."""
    import pyarrow as pa

    came = {name: None for record in records for name in record if name != "created_time"}
    times = pa.array([record["created_time"] for record in records], pa.timestamp("us", "UTC"))
    arrays = {
        name: pa.array([_text(record.get(name)) for record in records], pa.string())
        for name in dict.fromkeys((*columns, *came))
    }
    return pa.RecordBatch.from_pydict(arrays | {"created_time": times})


def _text(value: Any) -> str | None:
    return value if isinstance(value, str | None) else json.dumps(value, ensure_ascii=False)


def _is_within(moment: datetime, window: Window) -> bool:
    return (window.since is None or window.since <= moment) and moment < window.until


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _is_transient(response: httpx.Response) -> bool:
    if response.status_code == 400 and "json" in response.headers.get("content-type", ""):
        error = response.json().get("error", {})
        return bool(error.get("is_transient")) or error.get("code") in PASSING_CODES
    return response.status_code in TRANSIENT
