"""How many requests a portal answers: in a rolling window, in a day, and of searches in a second.

https://developers.hubspot.com/docs/guides/apps/api-usage/usage-details (private apps: 190 in ten seconds)
https://developers.hubspot.com/docs/guides/api/crm/search (five searches a second, whose answers count nothing)
"""

import threading
import time
from collections import deque

from fastapi import Request

from sandbox.hubspot.contract import refuse

RATE, WINDOW = 190, 10.0
SEARCHES, SECOND = 5, 1.0
DAILY = 500_000


class RateLimit:
    """So many requests in a rolling window of real time."""

    def __init__(self, rate: int = RATE, window: float = WINDOW) -> None:
        self.rate, self.window = rate, window
        self._lock = threading.Lock()
        self._times: deque[float] = deque()
        self.today, self.daily = 0, DAILY

    def take(self) -> tuple[bool, dict[str, str]]:
        """Whether one more request fits, and the headers that say how many are left."""
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] <= now - self.window:
                self._times.popleft()
            is_allowed = len(self._times) < self.rate
            if is_allowed:
                self._times.append(now)
                self.today += 1
            left, today = self.rate - len(self._times), self.daily - self.today
        return is_allowed, {
            "X-HubSpot-RateLimit-Max": str(self.rate),
            "X-HubSpot-RateLimit-Remaining": str(left),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(self.window * 1000)),
            "X-HubSpot-RateLimit-Daily": str(self.daily),
            "X-HubSpot-RateLimit-Daily-Remaining": str(today),
        }


def check_rate(request: Request) -> None:
    limit: RateLimit = request.app.state.hubspot_rate
    is_allowed, headers = limit.take()
    if not is_allowed:
        raise refuse(
            429,
            "You have reached your ten_secondly_rolling limit.",
            "RATE_LIMITS",
            headers,
            errorType="RATE_LIMIT",
            policyName="TEN_SECONDLY_ROLLING",
        )


def check_searches(request: Request) -> None:
    limit: RateLimit = request.app.state.hubspot_searches
    is_allowed, _ = limit.take()
    if not is_allowed:
        message = "You have reached your secondly limit."
        raise refuse(429, message, "RATE_LIMITS", errorType="RATE_LIMIT", policyName="SECONDLY")
