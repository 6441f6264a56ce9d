"""How often an ad account's audiences may be called: in an hour, and at once.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting (custom_audience: 190,000 calls an hour and 40
more for each active audience, 700,000 at most; the header `X-Business-Use-Case-Usage`; code 80003)
https://developers.facebook.com/docs/marketing-api/overview/rate-limiting (a read scores 1, a change 3; 9,000 at most,
which decay in 300 seconds; above, 60 seconds of code 17)

Those are the figures of standard access. Processor time, which Meta counts too, is not counted here. The words and the
subcode of 80003 are a guess.
"""

import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.access import AD_ACCOUNT_ID
from sandbox.errors import Refused
from sandbox.meta.door import refuse

CALLS, CALLS_AN_AUDIENCE, MOST_CALLS, HOUR = 190_000, 40, 700_000, 3600.0
READ, CHANGE, MOST_SCORE, DECAY, BLOCKED = 1, 3, 9_000, 300.0, 60.0


@dataclass
class Use:
    """What Meta says of the use, in per cent and minutes."""

    call_count: int = 0
    minutes: int = 0

    @property
    def header(self) -> dict[str, str]:
        use = {
            "type": "custom_audience",
            "call_count": self.call_count,
            "total_cputime": 0,
            "total_time": 0,
            "estimated_time_to_regain_access": self.minutes,
            "ads_api_access_tier": "standard_access",
        }
        return {"X-Business-Use-Case-Usage": json.dumps({AD_ACCOUNT_ID: [use]})}


class Quota:
    """The calls of the last hour and the score of the last minutes, over real time."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._times: deque[float] = deque()
        self._spent = 0
        """Calls that nobody made, and that count as made."""
        self._score, self._scored_at, self._blocked_until = 0.0, now(), 0.0

    def take(self, is_read: bool, audiences: int) -> Use:
        """Counts a call. Raises Refused, with the header that says when to come back."""
        most = min(CALLS + CALLS_AN_AUDIENCE * audiences, MOST_CALLS)
        with self._lock:
            now = self._now()
            while self._times and self._times[0] <= now - HOUR:
                self._times.popleft()
            used = len(self._times) + self._spent
            use = Use(call_count=min(100, used * 100 // most))
            if used >= most:
                use.minutes = math.ceil((self._times[0] + HOUR - now) / 60) if self._times else 60
                raise _refused(use, 80003, 2446079, "There have been too many calls to this ad-account. Wait a bit.")
            if now >= self._blocked_until and self._add(now, READ if is_read else CHANGE) > MOST_SCORE:
                self._blocked_until = now + BLOCKED
            if now < self._blocked_until:
                use.minutes = math.ceil((self._blocked_until - now) / 60)
                raise _refused(use, 17, 2446079, "User request limit reached")
            self._times.append(now)
            return use

    def leave(self, calls: int, audiences: int) -> None:
        """From now on, so many calls are left of the hour's."""
        with self._lock:
            self._spent = min(CALLS + CALLS_AN_AUDIENCE * audiences, MOST_CALLS) - len(self._times) - calls

    def _add(self, now: float, points: int) -> float:
        self._score = max(0.0, self._score - (now - self._scored_at) * MOST_SCORE / DECAY) + points
        self._scored_at = now
        return self._score


def _refused(use: Use, code: int, subcode: int, message: str) -> Refused:
    refused = refuse(code, f"(#{code}) {message}", error_subcode=subcode)
    refused.headers = use.header
    return refused
