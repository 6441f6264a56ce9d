"""Faults to plant: what platforms do on bad days, on demand, a given number of times."""

import re
import threading
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import stubs

PLATFORMS = (
    "salesforce",
    "google",
    "meta",
    "hubspot",
    "mailchimp",
    "brevo",
    "marketing_cloud",
    "meta_custom_audiences",
    "google_data_manager",
    "account_engagement",
    *stubs.NAMES,
)
KINDS = {
    "status": "answer with `status` (and `retry_after` seconds) in the platform's own shape",
    "reset": "break the connection before anything is done",
    "lose_answer": "do what is asked, then break the connection instead of answering",
    "cut": "promise the whole body, send half of it, break the connection",
    "timeout": "never answer",
    "slow": "answer after `seconds`",
    "expire_token": "all access tokens given out so far die; this request is answered as unauthenticated",
    "repeat_page": "answer a following page with the one before it",
}


@dataclass
class Fault:
    """One planted fault. It matches by platform, method (any when empty) and a pattern found in path?query."""

    platform: str
    kind: str
    path: str = ""
    method: str = ""
    status: int = 500
    times: int = 1
    skip: int = 0
    """Let so many matching requests pass first."""
    retry_after: float | None = None
    seconds: float = 1.0
    seen: list[MutableMapping[str, Any]] | None = field(default=None, repr=False)
    """The answer `repeat_page` gives again."""

    def __post_init__(self) -> None:
        if self.platform not in PLATFORMS:
            raise ValueError(f"platform is one of {', '.join(PLATFORMS)}, not {self.platform!r}")
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {self.kind!r}")
        numbers: tuple[Any, ...] = (self.status, self.times, self.skip, self.seconds, self.retry_after or 0)
        if not all(isinstance(number, int | float) and number >= 0 for number in numbers):
            raise ValueError("status, times, skip, seconds and retry_after are numbers from 0")
        if not 400 <= self.status <= 599:
            raise ValueError(f"status is an error, 400 to 599, not {self.status}")
        try:
            re.compile(self.path)
        except (re.error, TypeError) as error:
            raise ValueError(f"path is not a regular expression: {error}") from error

    def matches(self, platform: str, method: str, target: str) -> bool:
        is_ours = platform == self.platform and self.method.upper() in ("", method)
        return is_ours and self.times > 0 and re.search(self.path, target) is not None

    def describe(self) -> dict[str, Any]:
        names = ("platform", "kind", "path", "method", "status", "times", "skip", "retry_after", "seconds")
        return {name: getattr(self, name) for name in names}


class Faults:
    """What is planted now; the oldest fault that matches is the one that strikes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planted: list[Fault] = []

    def plant(self, fault: Fault) -> None:
        with self._lock:
            self._planted.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._planted.clear()

    def planted(self) -> list[dict[str, Any]]:
        """Those with strikes left; `times` says how many."""
        with self._lock:
            return [fault.describe() for fault in self._planted if fault.times > 0]

    def strike(self, platform: str, method: str, target: str) -> Fault | None:
        """The fault this request meets, if any; one of its `times` is spent."""
        with self._lock:
            fault = next((found for found in self._planted if found.matches(platform, method, target)), None)
            if fault is None:
                return None
            if fault.skip > 0:
                fault.skip -= 1
                return None
            if fault.kind != "repeat_page" or fault.seen is not None:  # the first page is only remembered
                fault.times -= 1
            return fault
