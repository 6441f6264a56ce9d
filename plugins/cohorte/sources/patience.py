"""Trying again, with patience: as long as the platform asks for, else exponentially longer, at random."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import tenacity

ATTEMPTS = 5
LONGEST_WAIT = 120.0
"""Seconds. A platform that asks for more is not waited for: the run fails and the scheduler comes back."""

T = TypeVar("T")
_exponential = tenacity.wait_random_exponential(multiplier=1, max=30)


def patiently(
    call: Callable[[], T],
    *,
    is_transient: Callable[[BaseException], bool],
    asked: Callable[[BaseException], float | None],
    sleep: Callable[[float], None],
) -> T:
    """What `call` returns, tried up to ATTEMPTS times; its last error when none succeeds.

    `is_transient` says which errors may pass, `asked` how many seconds the platform wants to be left alone.
    """

    def is_worth_it(error: BaseException) -> bool:
        return is_transient(error) and (asked(error) or 0) <= LONGEST_WAIT

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        seconds = asked(error) if error else None
        return _exponential(state) if seconds is None else seconds

    return tenacity.Retrying(
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        retry=tenacity.retry_if_exception(is_worth_it),
        wait=wait,
        sleep=sleep,
        reraise=True,
    )(call)


def retry_after(headers: Mapping[str, str], name: str = "Retry-After") -> float | None:
    """Seconds a platform asks to wait, given as a number or as a date (RFC 9110, 10.2.3), in a header of its own."""
    said = headers.get(name) or headers.get("Retry-After") or ""
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
