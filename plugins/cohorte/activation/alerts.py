"""When a person should know: a sync changed its state since its last run. One alert a change, none while it lasts."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["failing", "held", "recovered", "rejecting", "accepting", "size jump"]
REJECTING = 0.05
"""Share of people refused, of all who were sent, above which they are no longer single bad rows."""
JUMP = 0.3
"""Share by which an audience may grow or shrink from one run to the next before somebody should look."""
FEW = 20
"""Audiences and refusals below this are too small for shares."""


@dataclass(frozen=True)
class RunState:
    """How a finished run left a sync."""

    state: str
    """done | held | failed"""
    acknowledged: int
    """People believed to be there."""
    is_rejecting: bool
    message: str | None = None


@dataclass(frozen=True)
class Alert:
    """What is said, without personal data."""

    kind: Kind
    message: str


def is_rejecting(rejected: int, acknowledged: int) -> bool:
    """Whether a platform refuses too many of the people it was sent, in this run or before."""
    return rejected >= FEW and rejected > REJECTING * (acknowledged + rejected)


def changes(before: RunState | None, now: RunState) -> list[Alert]:
    """What to tell after a run; `before` is the last finished one, None when this is the first."""
    found: list[Alert] = []
    was = before or RunState("done", now.acknowledged, is_rejecting=False)
    if now.state != was.state:
        if now.state == "failed":
            found.append(Alert("failing", now.message or "the platform cannot be reached"))
        elif now.state == "held":
            found.append(Alert("held", now.message or "a person must look"))
        else:
            found.append(Alert("recovered", f"it was {was.state}, and is done"))
    if now.is_rejecting and not was.is_rejecting:
        found.append(Alert("rejecting", f"the platform refuses more than {REJECTING:.0%} of the people it is sent"))
    elif was.is_rejecting and not now.is_rejecting:
        found.append(Alert("accepting", f"the platform refuses {REJECTING:.0%} or fewer again"))
    if was.acknowledged >= FEW and abs(now.acknowledged - was.acknowledged) > JUMP * was.acknowledged:
        found.append(Alert("size jump", f"from {was.acknowledged:,} to {now.acknowledged:,} people"))
    return found
