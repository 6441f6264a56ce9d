"""HubSpot: what became of every marketing e-mail, and which contacts may still be written to.

https://developers.hubspot.com/docs/api-reference/legacy/email-analytics-v1/guide (the log of events)
https://developers.hubspot.com/docs/guides/api/crm/search (contacts by the time they changed; 10,000 a search)
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cohorte import health
from cohorte.credentials import Credentials
from cohorte.health import Finding
from cohorte.sources import letters
from cohorte.sources.base import About, Source, SourceError, Stream, Window
from cohorte.sources.http import Http

if TYPE_CHECKING:
    import pyarrow as pa

PAGE, SEARCH_PAGE = 1_000, 200
"""Records a request may ask for at most."""
SEARCHES_A_SECOND = 5
"""Of all apps of a portal: somebody else may search, too, and what is refused is asked for again."""
MOST_FOUND = 10_000
"""A search shows no more; the next one begins where it ended."""
LAG = timedelta(hours=1)
SCOPES = {"content", "crm.objects.contacts.read"}
PROPERTIES = ["email", "hs_email_optout", "hs_email_hard_bounce_reason_enum", "lastmodifieddate"]


class Hubspot(Source):
    """Connection: `password` is the access token of a private app; `host` another base URL, e.g. a sandbox's."""

    name = "hubspot"
    about = About(
        auth=("private_app_token",), contract="models of hubspot-api-client 12; of the events the documentation"
    )
    streams = (
        Stream(name="email_event", resource="events", key=("event_id",), cursor="happened_at", lag=LAG),
        Stream(name="subscriber", resource="contacts", key=("subscriber_id",), cursor="changed_at", lag=LAG),
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.http = Http(
            self.name,
            credentials.host or "https://api.hubapi.com",
            headers={"Authorization": f"Bearer {credentials.password}"},
            connection=credentials.name,
            secrets=[credentials.password],
        )
        self._searched_at = 0.0

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        if stream.name == "subscriber":
            return letters.batches(self._subscribers(stream, window), letters.SUBSCRIBER)
        return letters.batches(self._events(stream, window), letters.EVENT)

    def examine(self) -> Iterator[Finding]:
        token = {"tokenKey": self.credentials.password}
        told = self.http.post("/oauth/v2/private-apps/get/access-token-info", json=token)
        yield Finding("token", "ok", f"portal {told.json()['hubId']}")
        yield health.scopes(set(told.json()["scopes"]), SCOPES)
        for usage in self.http.get("/account-info/v3/api-usage/daily/private-apps").json()["results"]:
            yield health.quota(usage["usageLimit"] - usage["currentUsage"], usage["usageLimit"], "calls of the day")
        yield health.clock(told.headers.get("Date"))

    def _events(self, stream: Stream, window: Window) -> Iterator[dict[str, Any]]:
        asked: dict[str, Any] = {"limit": PAGE, "endTimestamp": _milliseconds(window.until)}
        if window.since:
            asked["startTimestamp"] = _milliseconds(window.since)
        seen: set[str] = set()
        while True:
            answer = self.http.get("/email/public/v1/events", params=asked).json()
            fresh = [event for event in answer["events"] if event["id"] not in seen]
            if answer["events"] and not fresh:
                raise SourceError(f"{self.name}.{stream.name}: the log repeats a page. Run the load again.")
            seen = {event["id"] for event in fresh}  # a repeated page is the last one again
            for event in fresh:
                yield from self._event(stream, event, window)
            if not answer["hasMore"]:
                return
            if not answer["events"]:
                raise SourceError(f"{self.name}.{stream.name}: the log has more and shows none. Run the load again.")
            asked["offset"] = answer["offset"]

    def _event(self, stream: Stream, event: dict[str, Any], window: Window) -> Iterator[dict[str, Any]]:
        """One event, or none when it is not of the window, or cannot be read."""
        try:
            happened_at = datetime.fromtimestamp(event["created"] / 1000, UTC)
            if letters.is_within(happened_at, window):
                yield {
                    "event_id": event["id"],
                    "email_address": event["recipient"],
                    "action": event.get("portalSubscriptionStatus") or event["type"],
                    "happened_at": happened_at,
                    "mailing_id": str(event["emailCampaignId"]),
                    "url": event.get("url"),
                    "bounce_type": event.get("category"),
                }
        except (KeyError, TypeError, ValueError) as error:
            self.reject(stream, f"no event: {error!r}", json.dumps(event))

    def _subscribers(self, stream: Stream, window: Window) -> Iterator[dict[str, Any]]:
        since, seen = _milliseconds(window.since) if window.since else 0, set[str]()
        while True:
            found = 0
            for contact in self._search(stream, since, _milliseconds(window.until)):
                found += 1
                changed_at = letters.moment(contact["updatedAt"])
                since = _milliseconds(changed_at)
                if contact["id"] not in seen and contact["properties"].get("email"):
                    yield {
                        "subscriber_id": contact["id"],
                        "email_address": contact["properties"]["email"],
                        "status": _status(contact["properties"]),
                        "changed_at": changed_at,
                    }
                seen.add(contact["id"])
            if found < MOST_FOUND:
                return

    def _search(self, stream: Stream, since: int, until: int) -> Iterator[dict[str, Any]]:
        """Contacts changed within a time, in order of it, up to MOST_FOUND."""
        bounds = [("GTE", since), ("LT", until)]
        filters = [{"propertyName": "lastmodifieddate", "operator": sign, "value": str(at)} for sign, at in bounds]
        asked: dict[str, Any] = {
            "filterGroups": [{"filters": filters}],
            "sorts": ["lastmodifieddate"],
            "properties": PROPERTIES,
            "limit": SEARCH_PAGE,
        }
        last: list[Any] = []
        while True:
            self._wait_for_my_turn()
            answer = self.http.post("/crm/v3/objects/contacts/search", json=asked).json()
            if answer["results"] and answer["results"] == last:
                raise SourceError(f"{self.name}.{stream.name}: the search repeats a page. Run the load again.")
            yield from answer["results"]
            last, following = answer["results"], answer.get("paging", {}).get("next", {}).get("after")
            if following is None or int(following) + SEARCH_PAGE > MOST_FOUND:
                return
            asked["after"] = following

    def _wait_for_my_turn(self) -> None:
        """Searches are rationed."""
        due = self._searched_at + 1 / SEARCHES_A_SECOND - time.monotonic()
        if due > 0:
            self.http.sleep(due)
        self._searched_at = time.monotonic()


def _status(properties: dict[str, Any]) -> str:
    if properties.get("hs_email_optout") == "true":
        return "opted_out"
    return "bounced" if properties.get("hs_email_hard_bounce_reason_enum") else "reachable"


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
