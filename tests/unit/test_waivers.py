"""Waivers are in force until their day, and say who answers for what, why."""

from datetime import date
from pathlib import Path

import pytest

from cohorte.waivers import Waivers

ENTRY = """
- subject: coupon_mailing
  attribute: age_band
  reason: Looked at.
  owner: crm-team
  until: 2018-06-30
"""


def test_a_waiver_covers_its_breach_until_its_day(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yml"
    path.write_text(ENTRY)
    assert Waivers.read(date(2018, 6, 30), path).covers("coupon_mailing", "age_band")
    assert not Waivers.read(date(2018, 7, 1), path).covers("coupon_mailing", "age_band")
    assert not Waivers.read(date(2018, 1, 1), path).covers("coupon_mailing", "income_band")
    assert not Waivers.read(date(2018, 1, 1), tmp_path / "none.yml").covers("coupon_mailing", "age_band")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (ENTRY.replace("Looked at.", ""), "reason is empty"),
        (ENTRY.replace("  owner: crm-team\n", ""), "entry 1: it must have exactly"),
        (ENTRY.replace("2018-06-30", "forever"), "write a date"),
        ("subject: x", "a list of waivers"),
    ],
)
def test_a_waiver_that_says_too_little_is_refused(entry: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "waivers.yml"
    path.write_text(entry)
    with pytest.raises(ValueError, match=message):
        Waivers.read(date(2018, 1, 1), path)


def test_the_shipped_file_can_be_read() -> None:
    assert Waivers.read(date(2017, 11, 30)).covers("coupon_propensity", "age_band")
