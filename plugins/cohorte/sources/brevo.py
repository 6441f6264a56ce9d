"""Brevo: what became of every marketing e-mail, from the history of its webhooks, and who may still be written to.

https://developers.brevo.com/docs/fetch-all-your-weekly-marketing-events (the history as a file, all events at once)
https://developers.brevo.com/reference/export-webhooks-history · https://developers.brevo.com/reference/get-process
https://developers.brevo.com/docs/marketing-webhooks (what an event says)
https://developers.brevo.com/reference/get-contacts (by the time they changed)

The history is a feature of enterprise accounts. Others leave `notify_url` out: then consent is read, and no events.
An export of a campaign's recipients, which all accounts have, does not say when; a contact's statistics do, at a
request a contact. The columns of the file are not documented: those of the webhooks are looked for, by name.
"""

import csv
import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
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
"""Contacts a request may ask for at most."""
DAY = timedelta(days=1)
LAG = timedelta(hours=1)
FIRST_PAUSE, LONGEST_PAUSE, PATIENCE = 0.5, 60.0, 1_800.0
"""Seconds between two looks at an export, which double, and seconds it may take in all. Looks count: 100 an hour."""
NEEDED = {"event", "email", "camp_id", "ts_event"}
"""Without these columns the file is of another kind."""
BOUNCES = {"hard_bounce": "hard", "soft_bounce": "soft"}
NO_LETTERS = frozenset({"contact_deleted", "contact_updated", "list_addition"})
"""What happens to contacts, not to letters, and lacks a campaign."""

Record = dict[str, Any]


class Brevo(Source):
    """Connection: `password` is the API key; extra `notify_url` an address that answers 200, which exports demand."""

    name = "brevo"
    about = About(auth=("api_key",), contract="field names of brevo-python 5.1.0; of the events the documentation")
    streams = (
        # Days of an export may be days of the account's own time zone.
        Stream(name="email_event", resource="webhooks/export", key=("event_id",), cursor="happened_at", lag=DAY),
        Stream(name="subscriber", resource="contacts", key=("subscriber_id",), cursor="changed_at", lag=LAG),
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.notify_url = str(credentials.extra.get("notify_url") or "")
        self.sleep: Callable[[float], None] = time.sleep
        self.http = Http(
            self.name,
            f"{credentials.host or 'https://api.brevo.com'}/v3",
            headers={"api-key": credentials.password},
            connection=credentials.name,
            secrets=[credentials.password],
            wait_header="x-sib-ratelimit-reset",
        )
        self.files = Http(self.name, "", connection=credentials.name)
        """Exports lie on another host, which must not see the key."""

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        if stream.name == "subscriber":
            return letters.batches(self._subscribers(stream, window), letters.SUBSCRIBER)
        return letters.batches(self._events(stream, window), letters.EVENT)

    def examine(self) -> Iterator[Finding]:
        """https://developers.brevo.com/reference/get-account"""
        answer = self.http.get("/account")
        yield Finding("token", "ok", f"account of {answer.json()['companyName']}")
        if not self.notify_url:
            yield Finding(
                "reach",
                "warning",
                "consent is read, but no opens and clicks",
                f'An enterprise account exports them: add "notify_url" to the extra of "{self.credentials.name}".',
            )
        yield health.clock(answer.headers.get("Date"))

    def _events(self, stream: Stream, window: Window) -> Iterator[Record]:
        first = window.since.date() if window.since else self._first_day()
        last = (window.until - timedelta(microseconds=1)).date()
        if not self.notify_url or first is None or first > last:
            return
        asked = {"type": "marketing", "event": "allEvents", "notifyURL": self.notify_url}
        days = {"startDate": first.isoformat(), "endDate": last.isoformat()}
        process = self.http.post("/webhooks/export", json=asked | days).json()["processId"]
        for row in self._rows(stream, self._finished(stream, process)):
            if row["event"] not in NO_LETTERS:
                yield from self._event(stream, row, window)

    def _first_day(self) -> date | None:
        """Before any campaign was sent; None when none was."""
        asked = {"status": "sent", "sort": "asc", "limit": 1, "excludeHtmlContent": "true"}
        found = self.http.get("/emailCampaigns", params=asked).json().get("campaigns")
        return letters.moment(found[0]["createdAt"]).date() if found else None

    def _finished(self, stream: Stream, process: int) -> str:
        """Where the file is, once it is written. Raises SourceError when that fails or takes too long."""
        pause, waited = FIRST_PAUSE, 0.0
        while True:
            told = self.http.get(f"/processes/{process}").json()
            if told["status"] == "completed":
                return str(told["export_url"])
            if told["status"] in ("failed", "cancelled") or waited >= PATIENCE:
                raise SourceError(
                    f"{self.name}.{stream.name}: export {process} is {told['status']} after {waited:.0f} s. "
                    "Run the load again."
                )
            self.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_PAUSE)

    def _rows(self, stream: Stream, url: str) -> Iterator[dict[str, str]]:
        """The rows of a file, or of the files in a compressed one. Raises SourceError when it has other columns."""
        for text in _texts(self.files.get(url).content):
            header = text.partition("\n")[0]
            delimiter = max(",;", key=header.count)
            rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
            if missing := NEEDED - set(rows.fieldnames or ()):
                raise SourceError(
                    f"{self.name}.{stream.name}: the export has columns {', '.join(rows.fieldnames or ('(none)',))}, "
                    f"and lacks {', '.join(sorted(missing))}. Nothing was landed; tell us what Brevo calls them."
                )
            yield from rows

    def _event(self, stream: Stream, row: dict[str, str], window: Window) -> Iterator[Record]:
        """One event, or none when it is not of the window, or cannot be read."""
        try:
            happened_at = datetime.fromtimestamp(int(row["ts_event"]), UTC)
        except (TypeError, ValueError, OverflowError, OSError) as error:
            self.reject(stream, f"ts_event: {error}", json.dumps(row))
            return
        if letters.is_within(happened_at, window):
            # The file has no id of an event: `id` is the webhook's.
            words = "|".join(str(row.get(part)) for part in ("camp_id", "email", "event", "ts_event", "URL"))
            yield {
                "event_id": hashlib.sha256(words.encode()).hexdigest()[:32],
                "email_address": row["email"],
                "action": row["event"],
                "happened_at": happened_at,
                "mailing_id": row["camp_id"],
                "mailing_name": row.get("campaign name"),
                "url": row.get("URL") or None,
                "bounce_type": BOUNCES.get(row["event"]),
            }

    def _subscribers(self, stream: Stream, window: Window) -> Iterator[Record]:
        for contact in self._contacts(stream, window):
            try:
                changed_at = letters.moment(contact["modifiedAt"])
            except (KeyError, TypeError, ValueError) as error:
                self.reject(stream, f"modifiedAt: {error!r}", json.dumps(contact))
                continue
            if contact.get("email") and letters.is_within(changed_at, window):
                yield {
                    "subscriber_id": str(contact["id"]),
                    "email_address": contact["email"],
                    "status": "blocklisted" if contact.get("emailBlacklisted") else "reachable",
                    "changed_at": changed_at,
                }

    def _contacts(self, stream: Stream, window: Window) -> Iterator[Record]:
        """Those modified since, by creation: one that is modified meanwhile moves others back, and hides none.

        Raises SourceError when a page repeats or lacks contacts.
        """
        asked: dict[str, Any] = {"limit": PAGE, "sort": "asc"}
        if window.since:  # what is asked for is later than, not from
            asked["modifiedSince"] = (window.since - timedelta(seconds=1)).isoformat(timespec="milliseconds")
        read, last = 0, list[Record]()
        while True:
            answer = self.http.get("/contacts", params=asked | {"offset": read}).json()
            found: list[Record] = answer.get("contacts") or []
            if found and found == last:
                raise SourceError(f"{self.name}.{stream.name}: /contacts repeats a page. Run the load again.")
            yield from found
            read, last = read + len(found), found
            if read >= answer["count"]:
                return
            if not found:
                raise SourceError(
                    f"{self.name}.{stream.name}: /contacts has {read} contacts instead of the {answer['count']} "
                    "promised. Run the load again."
                )


def _texts(content: bytes) -> Iterator[str]:
    """The CSV files of an export."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        yield content.decode("utf-8-sig")
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            yield archive.read(name).decode("utf-8-sig")
