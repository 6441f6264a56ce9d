"""Salesforce Marketing Cloud over SOAP: what became of e-mails, and who may still get some.

https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/sentevent.html (and openevent, clickevent,
bounceevent, unsubevent, subscriber)
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/retrieving_the_subscriberstatusevent.html (a
complaint is a status event whose reason says so)
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/continuerequest_2500records.html (2,500 a page)

REST has no tracking. No page says what becomes of a page whose answer got lost, so a retrieve that breaks off is begun
anew, and what it had given already is skipped.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from cohorte import health
from cohorte.credentials import Credentials
from cohorte.health import Finding
from cohorte.sources import marketing_cloud_soap as soap
from cohorte.sources.base import BATCH, About, Source, SourceError, Stream, Window
from cohorte.sources.http import TRANSIENT, Http
from cohorte.sources.patience import ATTEMPTS, retry_after

if TYPE_CHECKING:
    import pyarrow as pa

PAGE = 2_500
"""Records a request may ask for at most."""
EMPTY_PAGES = 100
"""Pages without a record in a row, each promising more, before that is called endless."""
KEYS = 200
"""Subscribers asked for by key in one request."""
SCOPES = {"email_read", "list_and_subscribers_read", "tracking_events_read"}
_EVENT = ("SendID", "SubscriberKey", "EventDate", "EventType", "BatchID")
EVENTS = {
    "SentEvent": _EVENT,
    "OpenEvent": _EVENT,
    "ClickEvent": (*_EVENT, "URL"),
    "BounceEvent": (*_EVENT, "BounceCategory", "SMTPCode"),
    "UnsubEvent": _EVENT,
}
CHANGE = ("SubscriberKey", "CurrentStatus", "ReasonUnsub", "CreatedDate")
SUBSCRIBER = ("ID", "SubscriberKey", "EmailAddress", "Status", "CreatedDate", "UnsubscribedDate")
COLUMNS = {
    "email_event": (
        *("ID", "ObjectType", *_EVENT, "URL", "BounceCategory", "SMTPCode"),
        *("CurrentStatus", "ReasonUnsub"),
    ),
    "subscriber": (*SUBSCRIBER, "ChangedDate"),
}
DATES = {"EventDate", "CreatedDate", "UnsubscribedDate", "ChangedDate"}

Record = dict[str, Any]
T = TypeVar("T")


class MarketingCloud(Source):
    """Connection: host is the package's Authentication Base URI, login its client id, password its client secret.

    Extra: `account_id`, the MID of the business unit to read.
    """

    name = "marketing_cloud"
    about = About(auth=("client_credentials",), contract="the SOAP API documentation, page by page")
    streams = (
        # The status is the one of now; ChangedDate the newest change within the load. Before the events, which name
        # people by the key of a subscriber alone.
        Stream(name="subscriber", resource="Subscriber", key=("ID",), cursor="ChangedDate", lag=timedelta(days=1)),
        # Marketing Cloud gives events no id of their own.
        Stream(name="email_event", resource="SentEvent", key=("ID",), cursor="EventDate", lag=timedelta(days=1)),
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.auth = soap.SoapAuth(credentials)
        self.http = Http(
            self.name,
            soap.auth_url(credentials),
            auth=self.auth,
            connection=credentials.name,
            secrets=[credentials.password],
            is_transient=_is_transient,
        )
        self.auth.secrets = self.http.secrets

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        records = self._subscribers(stream, window) if stream.name == "subscriber" else self._events(stream, window)
        columns = COLUMNS[stream.name]
        yield _batch([], columns)
        for held in _chunks(records, BATCH):
            yield _batch(held, columns)

    def examine(self) -> Iterator[Finding]:
        answer = self.http.post("/v2/token", json=soap.token_form(self.credentials), auth=None)
        told = answer.json()
        yield Finding("token", "ok", f"given out for {told['expires_in']} s")
        yield health.scopes(set(told["scope"].split()), SCOPES)
        yield health.clock(answer.headers.get("Date"))

    def _events(self, stream: Stream, window: Window) -> Iterator[Record]:
        for kind, properties in EVENTS.items():
            for event in self._all(stream, kind, properties, soap.within("EventDate", window.since, window.until)):
                yield from self._dated(stream, event | {"ID": _id(kind, event), "ObjectType": kind})
        for change in self._changes(stream, window):
            kind = "SubscriberStatusEvent"
            event = {name: value for name, value in change.items() if name != "CreatedDate"}
            event["EventDate"] = change["CreatedDate"]
            yield from self._dated(stream, event | {"ID": _id(kind, event), "ObjectType": kind})

    def _subscribers(self, stream: Stream, window: Window) -> Iterator[Record]:
        """Those who came within the window, then the others whose status changed within it."""
        changed: dict[str, str] = {}
        for change in self._changes(stream, window):
            key = change["SubscriberKey"]
            changed[key] = max(changed.get(key, ""), change["CreatedDate"])
        created = soap.within("CreatedDate", window.since, window.until)
        for subscriber in self._all(stream, "Subscriber", SUBSCRIBER, created):
            newest = changed.pop(subscriber.get("SubscriberKey", ""), subscriber.get("CreatedDate"))
            yield from self._dated(stream, subscriber | {"ChangedDate": newest})
        for keys in _chunks(changed, KEYS):
            for subscriber in self._all(stream, "Subscriber", SUBSCRIBER, soap.among("SubscriberKey", keys)):
                yield from self._dated(stream, subscriber | {"ChangedDate": changed[subscriber["SubscriberKey"]]})

    def _changes(self, stream: Stream, window: Window) -> Iterator[Record]:
        """Changes of status on All Subscribers: held, unsubscribed, back to normal."""
        bounds = soap.within("CreatedDate", window.since, window.until)
        for change in self._all(stream, "SubscriberStatusEvent", CHANGE, bounds):
            if "SubscriberKey" in change and "CreatedDate" in change:
                yield change
            else:
                self.reject(stream, "a change of status without a subscriber or a date", json.dumps(change))

    def _dated(self, stream: Stream, record: Record) -> Iterator[Record]:
        """The record with its dates read; none, and the record put aside, when one cannot be."""
        try:
            dates = {name: soap.moment(record[name]) for name in DATES & record.keys()}
            yield record | dates | {stream.cursor: dates[stream.cursor]}
        except (KeyError, TypeError, ValueError) as error:
            self.reject(stream, f"a date is missing or broken: {error}", json.dumps(record))

    def _all(self, stream: Stream, kind: str, properties: tuple[str, ...], condition: str) -> Iterator[Record]:
        """Every record once. Raises SourceError when pages repeat, never end, or keep breaking off."""
        asked, given = soap.retrieve(kind, properties, condition, PAGE), set[bytes]()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                for page in self._pages(stream, kind, asked):
                    for record in page:
                        if (mark := _mark(record)) not in given:
                            given.add(mark)
                            yield record
                return
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                if isinstance(error, httpx.HTTPStatusError) and not _is_transient(error.response):
                    raise SourceError(f"{self._at(stream)}: {kind} refused in mid-read: {error}") from None
                asked_for = retry_after(error.response.headers) if isinstance(error, httpx.HTTPStatusError) else None
                self.http.sleep(float(2**attempt) if asked_for is None else asked_for)
        raise SourceError(
            f"{self._at(stream)}: {kind} breaks off every time, {ATTEMPTS} times now. Load a smaller window."
        )

    def _pages(self, stream: Stream, kind: str, asked: str) -> Iterator[list[Record]]:
        response, seen, empty = self.http.post("/", content=asked), set[int](), 0
        while True:
            status, request_id, page = self._page(stream, kind, response)
            yield page
            if status == "OK":
                return
            empty = empty + 1 if not page else 0
            print_of_page = hash(tuple(map(_mark, page)))
            if (page and print_of_page in seen) or empty == EMPTY_PAGES:
                raise SourceError(
                    f"{self._at(stream)}: {kind} {'repeats a page' if page else 'never ends'}. Run the load again."
                )
            seen.add(print_of_page)
            # Once only: asked for a second time, the page after it might come.
            continued = f"<ContinueRequest>{request_id}</ContinueRequest>"
            response = self.http.client.post("/", content=continued).raise_for_status()

    def _page(self, stream: Stream, kind: str, response: httpx.Response) -> tuple[str, str, list[Record]]:
        """Status, RequestID and records of an answer. Raises SourceError when it is an error, or of something else."""
        from xml.etree.ElementTree import ParseError, fromstring

        try:
            # Marketing Cloud's own answer over TLS, and expat bounds what entities may grow to.
            message = fromstring(response.content).find(f".//{soap.API}RetrieveResponseMsg")  # noqa: S314
        except ParseError as error:
            raise SourceError(f"{self._at(stream)}: {kind} answered what is not XML ({error}).") from None
        status = "no RetrieveResponseMsg" if message is None else message.findtext(f"{soap.API}OverallStatus", "")
        if message is None or status not in ("OK", "MoreDataAvailable"):
            raise SourceError(
                f"{self._at(stream)}: {kind} cannot be retrieved: {status[:300]}. "
                f'Check what the package of connection "{self.credentials.name}" may read.'
            )
        page = list(soap.records(message))
        if other := {found for found, _ in page} - {kind}:
            raise SourceError(f"{self._at(stream)}: asked for {kind}, got {sorted(other)}: a page repeats.")
        return status, message.findtext(f"{soap.API}RequestID", ""), [record for _, record in page]

    def _at(self, stream: Stream) -> str:
        return f"{self.name}.{stream.name}"


def _id(kind: str, event: Record) -> str:
    """The same for the same event in every load."""
    parts = (kind, *(event.get(name, "") for name in ("SendID", "BatchID", "SubscriberKey", "EventDate", "URL")))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk


def _mark(record: Record) -> bytes:
    return hashlib.blake2b(repr(sorted(record.items())).encode(), digest_size=12).digest()


def _batch(records: Sequence[Record], columns: Sequence[str]) -> "pa.RecordBatch":
    import pyarrow as pa

    types = {name: pa.timestamp("us", "UTC") if name in DATES else pa.string() for name in columns}
    arrays = {name: pa.array([record.get(name) for record in records], kind) for name, kind in types.items()}
    return pa.RecordBatch.from_pydict(arrays)


def _is_transient(response: httpx.Response) -> bool:
    return response.status_code in TRANSIENT and not soap.is_unauthenticated(response)
