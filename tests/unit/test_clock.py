"""The business clock."""

from datetime import UTC, date, datetime

import pytest

from cohorte import clock
from cohorte.settings import Settings


def test_a_replay_stands_still() -> None:
    assert clock.today(Settings(clock="2017-11-30T23:59:59")) == date(2017, 11, 30)


def test_the_system_clock_is_utc() -> None:
    assert abs((clock.now(Settings(clock="system")) - datetime.now(UTC)).total_seconds()) < 5


def test_a_clock_that_does_not_answer_is_named() -> None:
    with pytest.raises(RuntimeError, match="Start the sandbox"):
        clock.now(Settings(clock="http://127.0.0.1:9/_control/clock"))
