"""What every request to Brevo passes: the key, the rate, no field it does not know.

https://developers.brevo.com/docs/api-limits (10 requests a second below /v3/contacts; elsewhere 100 an hour, which is
simulated where exports are asked for)
https://developers.brevo.com/docs/limit-headers
"""

import math
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import Request

from sandbox.context import Here
from sandbox.errors import Refused, refusal, unauthenticated

RATE, WINDOW = 10, 1.0


class RateLimit:
    """So many requests in a rolling window of real time."""

    def __init__(self, rate: int = RATE, seconds: float = WINDOW) -> None:
        self.rate, self.seconds = rate, seconds
        self._lock = threading.Lock()
        self._times: deque[float] = deque()

    def take(self) -> None:
        """Raises Refused when there were too many."""
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] <= now - self.seconds:
                self._times.popleft()
            if len(self._times) < self.rate:
                self._times.append(now)
                return
            reset = math.ceil(self._times[0] + self.seconds - now)
        headers = {"limit": str(self.rate), "remaining": "0", "reset": str(reset)}
        told = {f"x-sib-ratelimit-{name}": value for name, value in headers.items()}
        raise Refused(429, refusal("brevo", 429, "Too many requests"), told)


def refuse(
    status: int, message: str, code: str = "invalid_parameter", headers: dict[str, str] | None = None
) -> Refused:
    return Refused(status, {"code": code, "message": message}, headers)


def check_request(request: Request, sandbox: Here) -> None:
    if request.headers.get("api-key") != sandbox.keys.brevo_key:
        raise Refused(*unauthenticated("brevo"))
    if "/contacts" in request.url.path:
        limit: RateLimit = request.app.state.brevo_rate
        limit.take()


def closed(body: Mapping[str, Any], fields: set[str]) -> None:
    if unknown := body.keys() - fields:
        raise refuse(400, f"unknown field {min(unknown)}")


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds") + "Z"
