"""The sandbox's time: what was created or modified after it does not exist yet. It only goes forward."""

from datetime import UTC, datetime, timedelta

from sandbox.state import State
from sandbox.world.people import CLOCK_START


class Backwards(ValueError):
    """The clock was asked to go back."""


class Clock:
    """A persisted moment, in UTC, to the second."""

    def __init__(self, state: State) -> None:
        self._state = state
        with state.transaction() as db:
            if db.execute("SELECT now FROM clock").fetchone() is None:
                db.execute("INSERT INTO clock VALUES (?)", [CLOCK_START.isoformat()])

    def now(self) -> datetime:
        """Naive, meaning UTC: as the world's tables have it."""
        with self._state.transaction() as db:
            return datetime.fromisoformat(db.execute("SELECT now FROM clock").fetchone()[0])

    def advance(self, *, to: datetime | None = None, days: float = 0) -> datetime:
        """Move to a moment (naive is UTC), or by days. Raises Backwards, and stays, when that is earlier."""
        with self._state.transaction() as db:
            now = datetime.fromisoformat(db.execute("SELECT now FROM clock").fetchone()[0])
            then = (to.astimezone(UTC).replace(tzinfo=None) if to.tzinfo else to) if to else now + timedelta(days=days)
            then = then.replace(microsecond=0)
            if then < now:
                raise Backwards(f"the sandbox's clock only goes forward: it is {text(now)}, asked for {text(then)}")
            db.execute("UPDATE clock SET now = ?", [then.isoformat()])
        return then


def text(moment: datetime) -> str:
    """A naive UTC moment as `2017-11-30T23:59:59Z`."""
    return moment.isoformat(timespec="seconds") + "Z"
