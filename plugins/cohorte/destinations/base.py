"""What a destination is: it sends a batch and answers for every row.

A destination is a leaf. It knows its platform's API and nothing of the lake, so it can be used alone:

    hubspot = destinations.get("hubspot", credentials)
    audience = hubspot.open_audience("Coupon lovers")
    for stage in hubspot.stages:
        receipts = hubspot.send(Batch(stage.name, audience, rows))

It does not retry: it says what happened, and `cohorte.activation.engine` decides what to do about it.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from cohorte.credentials import Credentials
from cohorte.health import Finding

Operation = Literal["add", "update", "remove"]
KeyForm = Literal["lower_trim", "google_email", "as_is"]
"""How the platform itself normalises a key before it compares; two keys of one form are one person there."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to do. `fields`: property -> value, None to clear it; a property that is absent is left alone."""

    operation: Operation
    key: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    external_id: str | None = None
    """The platform's own id of the person, once a receipt has told it."""
    id: str = ""
    """Stays the same when the same operation is sent again: an idempotency key for platforms that take one."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one row."""

    state: Literal["accepted", "rejected", "retry"]
    reason: str | None = None
    """Why it was rejected or must wait, in the platform's own words."""
    seconds: float | None = None
    """`retry`: when the platform wants to be asked again, if it said so."""
    external_id: str | None = None


ACCEPTED = Receipt("accepted")
Receipts = list[Receipt]
"""One receipt a row, in the order of the batch."""


def accepted(external_id: str | None = None) -> Receipt:
    return ACCEPTED if external_id is None else Receipt("accepted", external_id=external_id)


def rejected(reason: str) -> Receipt:
    return Receipt("rejected", reason)


def retry_after(seconds: float | None, reason: str) -> Receipt:
    return Receipt("retry", reason, seconds)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the platform allows one connection: concurrent requests, and `requests` within any `seconds`."""

    batch: int
    concurrent: int = 1
    requests: int | None = None
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of call a row passes on its way, e.g. first the contact, then the list.

    A batch holds at most `batch` rows that put something there and at most `batch` removals, because platforms
    that take both in one call count them apart.
    """

    name: str
    operations: frozenset[Operation]
    batch: int
    clears: bool = False
    """Whether a removal that has properties to clear passes here, too."""
    written_as: str | None = None
    """How a row is written, as a DuckDB expression over its `id`, `operation`, `key` and `fields` (a JSON object).

    For a destination of this one stage that takes rows as text and names those it did not accept (`send_written`):
    a batch is then written as a whole, and nothing is made for a single row unless it fails.
    """

    def concerns(self, row: Row) -> bool:
        return row.operation in self.operations or (self.clears and row.operation == "remove" and bool(row.fields))


@dataclass(frozen=True, slots=True)
class Audience:
    """The list, segment or audience on the platform."""

    name: str
    external_id: str
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    stage: str
    audience: Audience
    rows: Sequence[Row]

    @property
    def id(self) -> str:
        """The same when the same rows are sent again, in the same order."""
        return batch_id("".join(row.id for row in self.rows).encode())


@dataclass(frozen=True, slots=True)
class Written:
    """A batch whose rows are text already, as the stage's `written_as` says."""

    stage: str
    audience: Audience
    rows: bytes
    """UTF-8, with a comma between two rows."""
    id: str
    """That of the `Batch` of the same rows."""


def batch_id(ids: bytes) -> str:
    """Of rows whose ids these are, one after the other."""
    return hashlib.sha256(ids).hexdigest()[:32]


class DestinationError(Exception):
    """A whole call failed. `reason` is in the platform's words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Throttled(DestinationError):
    """Too many calls: nothing is wrong with the batch. `seconds`: when to come back, if the platform said so."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Unavailable(DestinationError):
    """Timeout, lost connection or 5xx. The platform may or may not have done what was asked."""


class Refused(DestinationError):
    """The platform refused the whole batch because of what is in it; nothing was done."""


class AccessRefused(DestinationError):
    """The credentials are not accepted, or may not do this. No other call will fare better."""


class AudienceGone(DestinationError):
    """The audience is no longer there: somebody deleted it on the platform."""


@dataclass(frozen=True, slots=True)
class About:
    """What a list of destinations says of one of them."""

    modes: tuple[str, ...]
    """Of `mirror`, `upsert`, `append`: what a sync may declare."""
    auth: tuple[str, ...]
    """Ways to prove who is calling."""
    contract: str
    """What its stand-in is checked against."""


MODES = ("mirror", "upsert", "append")


class Destination(ABC):
    """One platform. Thread-safe: `send` is called from `limits.concurrent` threads at once."""

    name: ClassVar[str]
    about: ClassVar[About]
    key_form: ClassVar[KeyForm] = "lower_trim"
    can_clear: ClassVar[bool] = False
    """Whether it can empty the properties of who leaves without making a person anew."""
    can_forget: ClassVar[bool] = False
    """Whether it can have people deleted, with all that the platform holds of them."""
    limits: Limits
    stages: tuple[Stage, ...]

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.before_call: Callable[[], None] = lambda: None
        """Called before every request; the engine hangs the connection's rate budget here."""
        self.api_calls = 0

    @abstractmethod
    def open_audience(self, name: str) -> Audience:
        """Finds the audience by name, or creates it empty. Raises DestinationError."""

    @abstractmethod
    def send(self, batch: Batch) -> Receipts:
        """Sends one batch of one stage; one receipt a row, in order. Raises DestinationError when all of it failed."""

    def send_written(self, batch: Written) -> Mapping[str, Receipt]:
        """Sends a batch of a stage with `written_as`; receipts of the rows that were not accepted, by row id.

        Raises DestinationError when all of it failed.
        """
        raise NotImplementedError(f"{self.name} takes rows, no text")

    def forget(self, keys: Sequence[str]) -> Receipts:
        """Has the platform delete people for good, by e-mail address; one receipt a key, in order.

        Who is not there counts as deleted, so it may be called again. Raises DestinationError when a call failed.
        """
        raise DestinationError(f"{self.name} offers no way to delete a person")

    def examine(self) -> Iterator[Finding]:
        """What is to be said of the connection: token, scopes, quota left, clock. Changes nothing.

        Raises DestinationError when the platform refuses or stays out of reach.
        """
        yield from ()

    @abstractmethod
    def close(self) -> None:
        """Gives connections back."""
