"""One rate budget a connection, however many syncs and threads use it."""

import threading
import time
from collections import deque
from collections.abc import Callable

from cohorte.destinations.base import Limits


class Budget:
    """At most `requests` calls within any `seconds`, as platforms count them; and a pause when one asks for it."""

    def __init__(
        self,
        limits: Limits,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = limits
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._calls: deque[float] = deque(maxlen=limits.requests or 1)
        self._paused_until = 0.0

    def take(self) -> None:
        """Waits until one more call fits."""
        while (wait := self._reserve()) > 0:
            self._sleep(wait)

    def pause(self, seconds: float) -> None:
        """Nobody calls for so long: the platform asked for it."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._now() + seconds)

    def _reserve(self) -> float:
        """Takes a place and returns 0, or returns how long to wait before asking again."""
        with self._lock:
            now = self._now()
            if now < self._paused_until:
                return self._paused_until - now
            if self.limits.requests is None:
                return 0.0
            if len(self._calls) == self.limits.requests:
                free_at = self._calls[0] + self.limits.seconds
                if now < free_at:
                    return free_at - now
            self._calls.append(now)
            return 0.0


_budgets: dict[str, Budget] = {}
_making = threading.Lock()


def budget_of(connection: str, limits: Limits) -> Budget:
    """The budget of a connection in this process. Between processes, Airflow's pool of the connection keeps order."""
    with _making:
        return _budgets.setdefault(connection, Budget(limits))
