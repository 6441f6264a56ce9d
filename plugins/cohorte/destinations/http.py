"""HTTP as destinations need it: counted, budgeted, and every failure put into one of five classes."""

import logging
import re
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cohorte.destinations.base import AccessRefused, Destination, DestinationError, Refused, Throttled, Unavailable

if TYPE_CHECKING:
    import httpx

TIMEOUT = 60.0
_ADDRESS = re.compile(r"[^/?&=\s]+(?:@|%40)[^/?&=\s]+")


class Api:
    """One platform's API, below one base URL."""

    def __init__(
        self,
        destination: Destination,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: "httpx.Auth | tuple[str, str] | None" = None,
        timeout: float = TIMEOUT,
        wait_header: str = "retry-after",
        failure: Callable[["httpx.Response"], DestinationError | None] = lambda response: None,
    ) -> None:
        """`failure` reads a refusal where the status alone does not tell; None leaves it to the status."""
        import httpx

        logging.getLogger("httpx").addFilter(_without_addresses)
        concurrent = destination.limits.concurrent
        self.destination = destination
        self.wait_header = wait_header
        self.failure = failure
        self.client = httpx.Client(
            base_url=base_url,
            headers=dict(headers or {}),
            auth=auth,
            timeout=timeout,
            limits=httpx.Limits(max_connections=concurrent, max_keepalive_connections=concurrent),
        )
        self._counting = threading.Lock()

    def call(self, method: str, path: str, *, expect: frozenset[int] = frozenset(), **request: Any) -> "httpx.Response":
        """Sends one request and returns a 2xx answer, or one whose status is in `expect`.

        Raises Throttled (429), Unavailable (timeout, lost connection, 5xx, 408, 425), AccessRefused (401, 403) or
        Refused (other 4xx), each with the platform's own words.
        """
        import httpx

        self.destination.before_call()
        with self._counting:
            self.destination.api_calls += 1
        try:
            response = self.client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error
        if response.is_success or response.status_code in expect:
            return response
        if told := self.failure(response):
            raise told
        reason = f"HTTP {response.status_code}: {words(response)}"
        match response.status_code:
            case 401 | 403:
                raise AccessRefused(reason)
            case 429:
                raise Throttled(reason, retry_after_seconds(response, self.wait_header))
            case 503 if "retry-after" in response.headers:
                raise Throttled(reason, retry_after_seconds(response))
            case 408 | 425:
                raise Unavailable(reason)
            case status if status >= 500:
                raise Unavailable(reason)
        raise Refused(reason)

    def close(self) -> None:
        self.client.close()


def _without_addresses(record: logging.LogRecord) -> bool:
    """httpx logs every URL it calls; some platforms take an e-mail address there."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            _ADDRESS.sub("<…>", str(part)) if type(part).__name__ == "URL" else part for part in record.args
        )
    return True


def words(response: "httpx.Response") -> str:
    """The human part of an error answer: the message fields platforms use, else the start of the body."""
    try:
        body = response.json()
    except ValueError:
        return response.text[:300]
    if isinstance(body, dict) and isinstance(body.get("error"), dict):  # Google, Meta
        body = body["error"]
    if isinstance(body, dict):
        said = [str(body[name]) for name in ("title", "detail", "message", "error_description") if body.get(name)]
        if isinstance(body.get("errors"), list):
            said += [str(e.get("message") or e.get("error") or "") for e in body["errors"] if isinstance(e, dict)]
        if said:
            return " ".join(part for part in said if part)[:1000]
    return str(body)[:300]


def retry_after_seconds(response: "httpx.Response", name: str = "retry-after") -> float | None:
    """Seconds to wait, from the header `name` or else `Retry-After`, in either of its forms (RFC 9110, 10.2.3).

    None when absent or unreadable.
    """
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    value = (response.headers.get(name) or response.headers.get("retry-after", "")).strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
