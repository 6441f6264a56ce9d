"""Meta's Graph API: answers to lead forms, comments on a page's posts and reactions to them, what ads did.

https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving
https://developers.facebook.com/docs/graph-api/reference/object/comments
https://developers.facebook.com/docs/graph-api/reference/object/reactions
Read with httpx rather than the SDK: the SDK puts the token into every address, where logs find it.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from cohorte import health
from cohorte.credentials import Credentials
from cohorte.health import Finding
from cohorte.sources import meta_insights
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
SCOPES_OF_ADS = {"ads_read"}
EXPIRES_SOON = timedelta(days=14)
COLUMNS = {
    "lead": "id form_id email full_name phone_number meta_user_id favourite_category is_organic platform field_data",
    "comment": "id post_id from_id from_name message like_count comment_count permalink_url",
    "reaction": "post_id id name type",
    "ad_insight": " ".join((*meta_insights.FIELDS, "date_start", "date_stop")),
}
"""Always there, because staging reads them. Any other question of a form becomes a column as it comes."""
MOMENTS = {"lead": ("created_time",), "comment": ("created_time",), "reaction": ("read_at",)}

COUNTED = "reactions.limit(0).summary(total_count)"
"""A field of a post: how many reactions it has."""
OLDEST_INSIGHTS = timedelta(days=1095)
"""Meta keeps 37 months."""

Record = dict[str, Any]


class Meta(Source):
    """Connection: `access_token` (a page's, long-lived) and `page_id` in its extra, `app_secret` to sign requests.

    With `ad_account_id` ads are read, too; the token must be one that may (`ads_read`).
    """

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
        # Reactions have no time. A post whose count is another is read whole; one that lost a reaction and won one
        # since looks the same, until the count moves.
        Stream(name="reaction", resource="reactions", key=("post_id", "id"), cursor="read_at", mode="bookmarked"),
        # What an ad led to is counted on its own day, up to 28 days later.
        Stream(
            name="ad_insight",
            resource="insights",
            key=meta_insights.KEY,
            cursor="date_start",
            restate=timedelta(days=28),
        ),
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
        self.ad_account = str(credentials.extra.get("ad_account_id") or "").removeprefix("act_")

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        if stream.name == "lead":
            self._tell_expiry(stream)
        readers = {
            "lead": self._leads,
            "comment": self._comments,
            "reaction": self._reactions,
            "ad_insight": self._insights,
        }
        columns, moments = COLUMNS[stream.name].split(), MOMENTS.get(stream.name, ())
        yield _batch([], columns, moments)
        held: list[Record] = []
        for record in readers[stream.name](stream, window):
            held.append(record)
            if len(held) == BATCH:
                yield _batch(held, columns, moments)
                held = []
        if held:
            yield _batch(held, columns, moments)

    def examine(self) -> Iterator[Finding]:
        answer = self._debug_token()
        told = answer.json()["data"]
        if not told["is_valid"]:
            said = str((told.get("error") or {}).get("message", "it is not valid"))
            yield Finding("token", "failure", said, "Make a new long-lived token for the page.")
            return
        yield _expiry(told)
        yield health.scopes(set(told["scopes"]), SCOPES | (SCOPES_OF_ADS if self.ad_account else set()))
        if not self.ad_account:
            yield Finding(
                "reach",
                "warning",
                "the page is read, but no ads",
                f'Add "ad_account_id" to the extra of connection "{self.credentials.name}" if there are any.',
            )
        yield health.clock(answer.headers.get("Date"))

    def _tell_expiry(self, stream: Stream) -> None:
        """Leaves word of a token that soon is no good any more, while it still is."""
        try:
            told = self._debug_token().json()["data"]
        except SourceError as error:
            self.tell(stream, f"nobody knows when the token expires: {error}")
            return
        if told["is_valid"] and (found := _expiry(told)).state != "ok":
            self.tell(stream, f"the token {found.said}. {found.next_move}")

    def _debug_token(self) -> httpx.Response:
        """https://developers.facebook.com/docs/graph-api/reference/debug_token"""
        token = str(self.credentials.required("access_token"))
        return self.http.get("/debug_token", params={"input_token": token})

    def _leads(self, stream: Stream, window: Window) -> Iterator[Record]:
        bounds = [{"field": "time_created", "operator": "LESS_THAN", "value": _seconds(window.until) + 1}]
        if window.since:
            since = {"field": "time_created", "operator": "GREATER_THAN", "value": _seconds(window.since) - 1}
            bounds.append(since)
        asked = {"fields": "id,created_time,form_id,is_organic,platform,field_data", "filtering": json.dumps(bounds)}
        seen: set[str] = set()
        for form in self._all(stream, f"{self.page}/leadgen_forms", {"fields": "id"}, set()):
            for lead in self._created_within(stream, window, self._all(stream, f"{form['id']}/leads", asked, seen)):
                try:
                    yield lead | _answers(lead) | {"field_data": json.dumps(lead["field_data"], ensure_ascii=False)}
                except (KeyError, TypeError, AttributeError) as error:
                    reason = f"field_data is not a list of answers ({error!r})"
                    self.reject(stream, reason, json.dumps(lead, default=str))

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
            comments = self._all(stream, f"{post['id']}/comments", asked, seen)
            for comment in self._created_within(stream, window, comments):
                author = comment.pop("from", None) or {}  # absent when the author shares nothing with the page
                yield comment | {"post_id": post["id"], "from_id": author.get("id"), "from_name": author.get("name")}

    def _reactions(self, stream: Stream, window: Window) -> Iterator[Record]:
        """All reactions to each post whose number of them is another than noted; one of nobody where none is left."""
        known = self.bookmarks.get(stream.name, {})
        asked = {"fields": f"id,{COUNTED}"}
        for post in self._all(stream, f"{self.page}/published_posts", asked, set()):
            count = str(post["reactions"]["summary"]["total_count"])
            self.note(stream, post["id"], count)
            if count == known.get(post["id"], "0"):
                continue
            there = list(self._all(stream, f"{post['id']}/reactions", {"fields": "id,name,type"}, set()))
            for reaction in there or [{}]:
                yield reaction | {"post_id": post["id"], "read_at": window.until}

    def _insights(self, stream: Stream, window: Window) -> Iterator[Record]:
        """Whole days, of the ad account's own time zone; nothing without an ad account."""
        if not self.ad_account:
            return
        last = (window.until - timedelta(microseconds=1)).date()
        day = max(window.since.date() if window.since else date.min, last - OLDEST_INSIGHTS)

        def pages(edge: str) -> Iterator[Record]:
            return self._all(stream, edge, {}, set(), key=meta_insights.KEY)

        while day <= last:
            end = min(day + timedelta(days=meta_insights.DAYS - 1), last)
            yield from meta_insights.report(self.http, self.ad_account, day, end, pages)
            day = end + timedelta(days=1)

    def _all(
        self, stream: Stream, edge: str, parameters: Record, seen: set[str], key: tuple[str, ...] = ("id",)
    ) -> Iterator[Record]:
        """Every record of an edge that is not in `seen`, page by page.

        `seen` grows: the edges of one kind share it, for a record belongs to one of them only.
        Raises SourceError when pages repeat or never end.
        """
        asked, empty = parameters | {"limit": PAGE}, 0
        while True:
            answer = self.http.get(f"/{edge}", params=asked).json()
            fresh = [record for record in answer["data"] if _name(record, key) not in seen]
            empty = empty + 1 if not answer["data"] else 0
            if (answer["data"] and not fresh) or empty == EMPTY_PAGES:
                raise SourceError(
                    f"{self.name}.{stream.name}: /{edge} {'repeats a page' if answer['data'] else 'never ends'}. "
                    "Nothing was landed; run the load again."
                )
            seen.update(_name(record, key) for record in fresh)
            yield from fresh
            paging = answer.get("paging", {})
            if "next" not in paging:
                return
            # Never `next` itself: it has the token in it.
            asked["after"] = paging["cursors"]["after"]

    def _created_within(self, stream: Stream, window: Window, records: Iterator[Record]) -> Iterator[Record]:
        for record in records:
            if (created := self._created(stream, record)) and _is_within(created, window):
                yield record | {"created_time": created}

    def _created(self, stream: Stream, record: Record) -> datetime | None:
        """When a record was created; None, and the record put aside, when it does not say."""
        try:
            return datetime.strptime(record["created_time"], "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
        except (KeyError, TypeError, ValueError) as error:
            self.reject(stream, f"created_time: {error}", json.dumps(record, default=str))
            return None


def _expiry(told: Record) -> Finding:
    """How long a token is still good, by what is told of it."""
    ends = [moment for name in ("expires_at", "data_access_expires_at") if (moment := told.get(name))]
    until = datetime.fromtimestamp(min(ends), UTC) if ends else None
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


def _name(record: Record, key: tuple[str, ...]) -> str:
    return "|".join(str(record.get(part)) for part in key)


def _batch(records: list[Record], columns: list[str], moments: tuple[str, ...]) -> "pa.RecordBatch":
    """Records as text columns, those expected and those that came, and `moments` in UTC."""
    import pyarrow as pa

    came = {name: None for record in records for name in record if name not in moments}
    arrays = {
        name: pa.array([_text(record.get(name)) for record in records], pa.string())
        for name in dict.fromkeys((*columns, *came))
    }
    times = {name: pa.array([record[name] for record in records], pa.timestamp("us", "UTC")) for name in moments}
    return pa.RecordBatch.from_pydict(arrays | times)


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
