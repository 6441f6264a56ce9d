"""What every source has in common: streams, windows, and what is said about what could not be read."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cohorte.credentials import Credentials
from cohorte.health import Finding

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 100_000
"""Rows a batch aims at: small ones make every layer above slow (docs/adr, extraction)."""
MOST_REJECTED = 10_000
"""More unusable records than this in one run are not bad rows but a format that changed."""
Contract = Literal["evolve", "freeze", "quarantine"]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One kind of record of a platform; one raw table."""

    name: str
    """In snake_case: the raw table is `raw.<source>__<name>`."""
    resource: str
    """What the platform calls it."""
    key: tuple[str, ...]
    """The platform's columns that tell two records apart."""
    cursor: str
    """The platform's column that says when a record last changed."""
    mode: Literal["incremental", "bookmarked", "full"] = "incremental"
    """`bookmarked`: the source itself notes what it has read, for what has no time of change.
    `full`: every load reads everything, and one that shrank by half is refused."""
    lag: timedelta = timedelta(0)
    """Read again this far behind the cursor, for records that were committed late; what was landed is skipped."""
    restate: timedelta | None = None
    """Land again this far behind the cursor: the platform itself still changes these figures."""
    has_fixed_columns: bool = True
    """Every load has all columns; one that is missing has vanished from the platform."""
    contract: Contract = "evolve"
    """Towards a column that is new or changes its type: take it in, stop the load, or put its rows aside."""
    is_never_empty: bool = False
    """There is something new every time: an incremental load without a row stops before the cursor moves."""


@dataclass(frozen=True)
class Window:
    """From `since` (None: from the beginning) up to, not with, `until`. A moment without a zone is in UTC."""

    since: datetime | None
    until: datetime

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            moment = getattr(self, name)
            if moment is not None:
                object.__setattr__(self, name, moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC))


@dataclass(frozen=True, slots=True)
class About:
    """What a list of sources says of one of them."""

    auth: tuple[str, ...]
    """Ways to prove who is calling."""
    contract: str
    """What its stand-in is checked against."""


@dataclass(frozen=True)
class Rejected:
    """A record that could not be used, as it came."""

    stream: str
    reason: str
    record: str


class SourceError(RuntimeError):
    """A platform could not be read. The message names the stream, the cause and the next move."""


class QuotaSpentError(SourceError):
    """The platform's quota is spent. What was yielded is whole up to `complete_until`; the rest waits."""

    def __init__(self, message: str, complete_until: datetime | None) -> None:
        super().__init__(message)
        self.complete_until = complete_until


class Source(ABC):
    """A platform one can read from."""

    name: str
    about: ClassVar[About]
    streams: tuple[Stream, ...]

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.rejected: list[Rejected] = []
        """Records `read` could not use so far. Whoever reads takes them from here: nothing is dropped in silence."""
        self.bookmarks: dict[str, dict[str, str]] = {}
        """Stream -> item -> version: what earlier loads noted of a `bookmarked` stream. To be set before `read`."""
        self.noted: dict[str, dict[str, str]] = {}
        """The same, of what `read` has read since; kept when, and only when, its rows are landed."""
        self.overlap: dict[str, Any] = {}
        """Stream -> value of its cursor from which on `read` gives records again that may be landed already."""

        self.told: dict[str, list[str]] = {}
        """Stream -> what is worth telling of it besides its rows. Whoever reads takes it from here."""

    @abstractmethod
    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        """The records of a stream that changed within the window, in batches of about BATCH rows.

        Yields at least one batch, empty when there is nothing new, so that the columns are known.
        Types: timestamps in UTC, dates, doubles, integers, booleans, strings.
        Raises SourceError when the platform cannot be read, QuotaSpentError when it must be read on later.
        """

    def examine(self) -> Iterator[Finding]:
        """What is to be said of the connection: token, scopes, quota left, clock. Reads little, changes nothing.

        Raises SourceError when the platform refuses or stays out of reach.
        """
        yield from ()

    def note(self, stream: Stream, item: str, version: str) -> None:
        """Remembers that an item is read: a file as it is now, or how far a cursor has come."""
        self.noted.setdefault(stream.name, {})[item] = version

    def tell(self, stream: Stream, event: str) -> None:
        """Leaves word of something that is no error yet: a token that expires soon."""
        self.told.setdefault(stream.name, []).append(f"{self.name}.{stream.name}: {event}")

    def reject(self, stream: Stream, reason: str, record: str) -> None:
        """Puts a record aside. Raises SourceError when there are too many to be single bad rows."""
        self.rejected.append(Rejected(stream.name, reason, record))
        if len(self.rejected) > MOST_REJECTED:
            raise SourceError(
                f"{self.name}.{stream.name}: more than {MOST_REJECTED:,} records cannot be read; the newest: {reason}. "
                "The platform's format must have changed: compare a record with its documentation."
            )
