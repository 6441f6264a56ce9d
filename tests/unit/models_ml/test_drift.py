"""Drift: a shift is seen, chance is not, and the reference fits into JSON."""

import json

import numpy as np
import pandas as pd
import pytest

from models_ml import compare, compare_scores
from models_ml.drift import Reference


def customers(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "spend": rng.lognormal(3, 1, rows),
            "baskets": rng.poisson(2, rows),
            "is_member": rng.random(rows) < 0.3,
            "channel": rng.choice(["shop", "web"], rows, p=[0.7, 0.3]),
        }
    )


@pytest.mark.parametrize("rows", [150, 5_000])
def test_chance_is_no_drift(rows: int) -> None:
    reports = [compare(customers(5_000, 0), customers(rows, seed)) for seed in range(1, 21)]
    assert not any(report.is_drifted for report in reports)
    assert "no drift in 4 features" in str(reports[0])


def test_a_shift_is_seen_and_named() -> None:
    now = customers(2_000, 1)
    now["spend"] *= 2.5
    report = compare(customers(5_000, 0), now)
    assert report.drifted["feature"].tolist() == ["spend"]
    assert "spend (PSI" in str(report)


def test_categories_never_seen_and_missing_values_are_drift() -> None:
    now = customers(2_000, 1)
    now.loc[:800, "channel"] = "app"
    now.loc[:900, "baskets"] = np.nan
    report = compare(customers(5_000, 0), now).table.set_index("feature")
    assert report.loc["channel", "is_drifted"] and report.loc["channel", "unseen"] == pytest.approx(0.4, abs=0.01)
    assert report.loc["baskets", "is_drifted"] and report.loc["baskets", "missing"] == pytest.approx(0.45, abs=0.01)


def test_the_reference_is_small_and_plain() -> None:
    reference = Reference.of(customers(5_000, 0))
    stored = json.dumps(reference.to_dict())
    assert len(stored) < 3_000
    again = Reference.from_dict(json.loads(stored))
    pd.testing.assert_frame_equal(compare(again, customers(500, 1)).table, compare(reference, customers(500, 1)).table)


def test_scores_and_their_calibration() -> None:
    rng = np.random.default_rng(0)
    before, now = rng.beta(1, 6, 5_000), rng.beta(1, 6, 5_000)
    came_true = rng.random(5_000) < now
    assert not compare_scores(before, now, came_true).is_drifted
    shifted = compare_scores(before, now, rng.random(5_000) < now * 1.5)
    assert shifted.drifted["feature"].tolist() == ["calibration"]
    assert compare_scores(before, now + 0.3).is_drifted


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="column spend is missing"):
        compare(customers(500, 0), customers(500, 1).drop(columns="spend"))
    with pytest.raises(ValueError, match="not numeric any more"):
        compare(customers(500, 0), customers(500, 1).assign(spend="much"))
    with pytest.raises(ValueError, match="empty frame"):
        compare(customers(0, 0), customers(500, 1))
    with pytest.raises(ValueError, match="one a score"):
        compare_scores([0.1] * 200, [0.1] * 200, [0])
