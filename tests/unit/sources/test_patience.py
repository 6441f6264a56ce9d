"""How long a platform asks to wait, however it says so."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from cohorte.sources.patience import retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": "-3"}, 0.0),
        ({"x-sib-ratelimit-reset": "7", "Retry-After": "17"}, 7.0),
        ({"Retry-After": "soon"}, None),
    ],
)
def test_the_header_of_its_own_goes_first(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, "x-sib-ratelimit-reset") == seconds


def test_a_date_is_a_time_from_now() -> None:
    then = datetime.now(UTC) + timedelta(seconds=60)
    assert retry_after({"Retry-After": format_datetime(then, usegmt=True)}) == pytest.approx(60, abs=5)
