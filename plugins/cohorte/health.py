"""What an examination of a connection finds: a leaf, said by sources and destinations, shown by `cohorte doctor`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

State = Literal["ok", "warning", "failure"]
MOST_SKEW = 60.0
"""Seconds our clock may differ from a platform's: signed tokens are refused a few minutes off."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: Literal["token", "scopes", "quota", "clock", "reach"]
    state: State
    said: str
    next_move: str = ""
    """What to do about it; empty when it is ok."""


def clock(date_header: str | None) -> Finding:
    """How far this machine's clock is from the platform's, by the `Date` of an answer."""
    if not date_header:
        return Finding("clock", "warning", "the platform does not say what time it is", "Compare the clock by hand.")
    skew = (datetime.now(UTC) - parsedate_to_datetime(date_header)).total_seconds()
    if abs(skew) <= MOST_SKEW:
        return Finding("clock", "ok", f"{abs(skew):.0f} s apart")
    behind = "ahead of" if skew > 0 else "behind"
    return Finding("clock", "failure", f"{abs(skew):.0f} s {behind} the platform", "Let NTP set this machine's clock.")


def scopes(granted: set[str], needed: set[str]) -> Finding:
    """Whether everything `needed` was granted."""
    missing = sorted(needed - granted)
    if missing:
        return Finding(
            "scopes", "failure", f"lacks {', '.join(missing)}", "Grant them to the app, then make a new token."
        )
    return Finding("scopes", "ok", f"{len(needed)} needed, all granted")


def quota(left: float, limit: float, what: str) -> Finding:
    """How much of a quota is left; a tenth is little."""
    said = f"{left:,.0f} of {limit:,.0f} {what} left"
    if left <= 0:
        return Finding("quota", "failure", said, "Wait until it is renewed; the next run goes on by itself.")
    if left < limit / 10:
        return Finding("quota", "warning", said, "Ask for more, or let fewer tools share it.")
    return Finding("quota", "ok", said)
