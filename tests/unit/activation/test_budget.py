"""The rate budget, on a clock of its own."""

from dataclasses import dataclass

from cohorte.activation.budget import Budget
from cohorte.destinations.base import Limits


@dataclass
class Clock:
    now: float = 0.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_never_more_calls_in_any_window_than_allowed() -> None:
    clock = Clock()
    budget = Budget(Limits(batch=1, requests=190, seconds=10), now=clock.read, sleep=clock.sleep)
    times = []
    for _ in range(1000):
        budget.take()
        times.append(clock.now)
        clock.now += 0.001
    windows = [sum(start <= time < start + 10 for time in times) for start in times]
    assert max(windows) == 190
    assert times[-1] < 51  # and no slower than that


def test_a_pause_holds_everybody() -> None:
    clock = Clock()
    budget = Budget(Limits(batch=1), now=clock.read, sleep=clock.sleep)
    budget.pause(30)
    budget.pause(5)
    budget.take()
    assert clock.now == 30
