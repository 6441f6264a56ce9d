"""What time it is for the business: the system's clock, a fixed moment (replays), or the sandbox's."""

from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING

from cohorte.settings import Settings

if TYPE_CHECKING:
    import ssl


def now(settings: Settings) -> datetime:
    """The business time, in UTC.

    Raises RuntimeError when `COHORTE_CLOCK` names a clock that does not answer.
    """
    if settings.clock == "system":
        return datetime.now(UTC)
    if settings.clock.startswith("http"):
        return _ask(settings.clock)
    return _utc(settings.clock)


def today(settings: Settings) -> date:
    return now(settings).date()


def _ask(url: str) -> datetime:
    import httpx

    try:
        return _utc(httpx.get(url, timeout=10, verify=_certificates()).raise_for_status().json()["now"])
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise RuntimeError(
            f"clock {url}: no usable answer ({error}). Start the sandbox (`make up`), or unset COHORTE_CLOCK."
        ) from error


@cache
def _certificates() -> "ssl.SSLContext":
    """Read once a process: that takes longer than to ask, and a run asks at every step."""
    import httpx

    return httpx.create_ssl_context()


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
