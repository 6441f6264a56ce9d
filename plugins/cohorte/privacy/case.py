"""An erasure under way, written down so that it can be taken up again after a kill at any point.

What a person is known by is found in the rows that are about to go, so it is kept until nothing is left to look for:
as one object of the lake's storage, deleted when the certificate is written.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from cohorte.privacy.subject import Identifiers, Subject
from cohorte.storage import Storage

OPEN = "erasures/open/"


@dataclass
class Case:
    """One request, and how far it has come. Nothing in here may be logged but `erasure_id`."""

    erasure_id: str
    asked_by: str
    """email | customer_id."""
    asked: str
    started_at: str
    identifiers: dict[str, list[str]] = field(default_factory=dict)
    shared: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    """Table -> the most rows that were ever found in it."""
    platforms: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Sync -> what was done there."""
    purged: dict[str, int] = field(default_factory=dict)

    @classmethod
    def take_up(cls, subject: Subject, asked_by: str, storage: Storage) -> Self:
        """The open case about this person, brought up to date; else a new one."""
        for case in cls.all_open(storage):
            if subject.asked in case.identifiers.get("email" if asked_by == "email" else "customer", ()):
                case.learn(subject)
                return case
        now = datetime.now(UTC)
        case = cls(f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}", asked_by, subject.asked, now.isoformat())
        case.learn(subject)
        return case

    @classmethod
    def all_open(cls, storage: Storage) -> "Iterator[Self]":
        for key in list(storage.list(OPEN)):
            yield cls(**json.loads(storage.get(key)))

    @property
    def is_known(self) -> bool:
        """Whether there was anything about the person beyond what they were asked for by."""
        return bool(self.held) or any(
            set(values) - {self.asked} for kind, values in self.identifiers.items() if kind != "destination_key"
        )

    @property
    def known(self) -> Identifiers:
        return {kind: set(values) for kind, values in self.identifiers.items()}

    def learn(self, subject: Subject) -> None:
        known = subject.merged(self.known)
        self.identifiers = {kind: sorted(values) for kind, values in known.identifiers.items()}
        self.shared = self.shared | subject.shared

    def found(self, counts: dict[str, int]) -> None:
        """Rows found by table; a second look, after some were deleted, takes nothing away."""
        for table, count in counts.items():
            self.held[table] = max(count, self.held.get(table, 0))

    def save(self, storage: Storage) -> None:
        storage.put(self.key, json.dumps(asdict(self)).encode())

    def close(self, storage: Storage) -> None:
        storage.delete(self.key)

    @property
    def key(self) -> str:
        return f"{OPEN}{self.erasure_id}.json"
