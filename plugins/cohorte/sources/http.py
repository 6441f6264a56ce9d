"""HTTP as platforms need it: retried with patience, told to slow down, and never a secret in a message."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import tenacity

from cohorte.sources.base import SourceError

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
ATTEMPTS = 6
LONGEST_WAIT = 120.0
"""Seconds. A platform that asks for longer is told no: the run fails and the scheduler comes back."""
TIMEOUT = httpx.Timeout(60, connect=10)


class Http:
    """A client of one platform.

    Timeouts, connections lost (also in the middle of a body) and TRANSIENT answers are tried again up to
    ATTEMPTS times, after what `Retry-After` says or else an exponential wait with full jitter.
    """

    def __init__(self, platform: str, *, auth: httpx.Auth | None = None, base_url: str = "") -> None:
        self.platform = platform
        self.client = httpx.Client(auth=auth, base_url=base_url, timeout=TIMEOUT)
        self.sleep: Callable[[float], None] = time.sleep

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """The answer, read whole, once it is a success.

        Raises SourceError with the platform's own words when it refuses or stays out of reach.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=_wait,
            retry=tenacity.retry_if_exception(_is_transient),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, method, url, **options)
        except httpx.HTTPStatusError as error:
            raise SourceError(self._refusal(error.response)) from None
        except httpx.TransportError as error:
            raise SourceError(
                f"{self.platform}: no answer from {error.request.url.host} after {ATTEMPTS} attempts "
                f"({type(error).__name__}: {error}). Check the connection's host and the network, then rerun."
            ) from None

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def _once(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self.client.request(method, url, **options).raise_for_status()

    def _refusal(self, response: httpx.Response) -> str:
        request = response.request
        return (
            f"{self.platform}: {request.method} {request.url.path} refused with {response.status_code}: "
            f"{response.text[:500].strip()}"
        )


def retry_after(response: httpx.Response) -> float | None:
    """Seconds the platform asks to wait: a number or a date (RFC 9110, 10.2.3)."""
    said = response.headers.get("retry-after", "")
    if not said:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        asked = retry_after(error.response)
        return error.response.status_code in TRANSIENT and (asked is None or asked <= LONGEST_WAIT)
    return isinstance(error, httpx.TransportError) and not isinstance(error, httpx.UnsupportedProtocol)


_exponential = tenacity.wait_random_exponential(multiplier=0.5, max=30)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = retry_after(error.response) if isinstance(error, httpx.HTTPStatusError) else None
    return asked if asked is not None else _exponential(state)
