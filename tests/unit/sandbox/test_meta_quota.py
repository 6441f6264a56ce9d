"""How often Meta lets an ad account's audiences be called."""

import json
from dataclasses import dataclass

import pytest

from sandbox.errors import Refused
from sandbox.meta.quota import Quota


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def refused(quota: Quota, audiences: int = 0) -> tuple[int, dict[str, int]]:
    """The code, and what is said of the use."""
    with pytest.raises(Refused) as told:
        quota.take(is_read=False, audiences=audiences)
    headers = told.value.headers or {}
    (use,) = next(iter(json.loads(headers["X-Business-Use-Case-Usage"]).values()))
    return told.value.body["error"]["code"], use


def test_changes_score_three_and_nine_thousand_are_too_many() -> None:
    clock = Clock()
    quota = Quota(clock)
    for _ in range(3_000):
        quota.take(is_read=False, audiences=0)
    code, use = refused(quota)
    assert (code, use["estimated_time_to_regain_access"]) == (17, 1)
    clock.now = 59
    assert refused(quota)[0] == 17
    clock.now = 61
    quota.take(is_read=False, audiences=0)


def test_reads_score_one_and_the_score_decays() -> None:
    clock = Clock()
    quota = Quota(clock)
    for _ in range(9_000):
        quota.take(is_read=True, audiences=0)
    clock.now = 150
    for _ in range(1_500):
        quota.take(is_read=False, audiences=0)
    assert refused(quota)[0] == 17


def test_an_hour_has_so_many_calls_and_more_with_every_audience() -> None:
    clock = Clock()
    quota = Quota(clock)
    quota.leave(1, audiences=0)
    assert quota.take(is_read=True, audiences=0).call_count == 99
    code, use = refused(quota)
    assert (code, use["call_count"], use["estimated_time_to_regain_access"]) == (80003, 100, 60)
    quota.take(is_read=True, audiences=1)
