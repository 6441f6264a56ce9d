"""How many requests a project may send to the Data Manager API: in a minute and in a day, reading and changing apart.

https://developers.google.com/data-manager/api/devguides/limits (the numbers, and the names a refusal gives them)

The day is the sandbox's; Google's own ends at midnight in California.
"""

import threading
import time
from collections import defaultdict, deque
from datetime import date
from typing import Literal

A_MINUTE, WINDOW = 300, 60.0
A_DAY = {"Ingestion": 100_000, "Management": 50_000}

Service = Literal["Ingestion", "Management"]
"""Sending members and asking after requests; all other services together."""


class Quota:
    """The requests of the last minute of real time, and of the sandbox's day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: dict[str, deque[float]] = defaultdict(deque)
        self._today: dict[str, int] = defaultdict(int)
        self._day = date.min
        self._left: int | None = None

    def take(self, service: Service, is_read: bool, day: date) -> str | None:
        """Counts a request, or returns the name of the quota that is spent."""
        name = f"{service}{'Read' if is_read else 'Mutate'}Requests"
        now = time.monotonic()
        with self._lock:
            if day != self._day:
                self._day, self._left = day, None
                self._today.clear()
            times = self._times[name]
            while times and times[0] <= now - WINDOW:
                times.popleft()
            if self._today[name] >= A_DAY[service] or self._left == 0:
                return f"{name}PerDayPerProject"
            if len(times) >= A_MINUTE:
                return f"{name}PerMinutePerProject"
            times.append(now)
            self._today[name] += 1
            if self._left is not None:
                self._left -= 1
            return None

    def leave(self, calls: int) -> None:
        """From now on, so many requests are left today, of whatever kind."""
        with self._lock:
            self._left = calls
