"""Propensities: calibrated, chosen out of time, explained, repeatable; and what they refuse."""

import pickle
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from models_ml import PropensityModel, train_propensity
from models_ml.predicting.evaluation import auc, expected_calibration_error
from tests.unit.models_ml.conftest import Planted, plant


@pytest.fixture(scope="module")
def model(planted: Planted) -> PropensityModel:
    return train_propensity(planted.X, planted.y, time=planted.time, sensitive=planted.groups)


def test_probabilities_rank_and_can_be_counted_on(model: PropensityModel) -> None:
    fresh = plant(6_000, seed=1)
    probability = model.predict_proba(fresh.X)
    assert probability.shape == (6_000,) and probability.dtype == np.float64
    assert auc(fresh.y, probability) > auc(fresh.y, fresh.chance) - 0.03
    assert expected_calibration_error(fresh.y, probability) < 0.03


def test_metrics_are_of_the_newest_period_and_beside_the_baseline(model: PropensityModel, planted: Planted) -> None:
    assert model.rows["test"] == (planted.time >= 6).sum()
    assert model.metrics["auc"] > model.metrics["baseline_auc"] + 0.1
    assert model.metrics["auc_low"] < model.metrics["auc"] < model.metrics["auc_high"]
    assert model.metrics["base_rate"] == pytest.approx(planted.y[planted.time >= 6].mean())
    assert model.deciles["gain"].iloc[-1] == 1 and model.deciles["observed"].iloc[0] > model.metrics["base_rate"]
    assert set(model.by_group["attribute"]) == {"age", "city"}


def test_every_candidate_says_why_it_lost(model: PropensityModel) -> None:
    table = model.candidates
    assert {"logistic regression", "LightGBM", "gradient boosting", "random forest"} <= set(table["algorithm"])
    assert {"none", "weights", "smote", "undersample"} <= set(table["balance"])
    assert table["is_chosen"].sum() == 1
    assert table["why"].str.len().min() > 0


def test_reasons_name_the_features_that_matter(model: PropensityModel, planted: Planted) -> None:
    assert set(model.importance["feature"].head(2)) == {"f0", "channel"}
    said = model.reasons(planted.X.head(50))
    assert all(1 <= len(lines) <= 5 for lines in said)
    strongest = planted.X["f0"].head(50).abs().idxmax()
    verb = "raises" if planted.X.loc[strongest, "f0"] > 0 else "lowers"
    assert said[strongest][0].startswith("f0 is ") and said[strongest][0].endswith(f"{verb} it")


def test_the_same_input_gives_the_same_bytes(planted: Planted) -> None:
    few = planted.X.head(1_500)
    models = [train_propensity(few, planted.y[:1_500], time=planted.time[:1_500], balance="none") for _ in range(2)]
    first, second = (m.predict_proba(planted.X) for m in models)
    assert first.tobytes() == second.tobytes()
    assert models[0].metrics == models[1].metrics
    assert pickle.loads(pickle.dumps(models[0])).predict_proba(planted.X).tobytes() == first.tobytes()


def test_a_category_never_seen_and_a_missing_value_are_scored(model: PropensityModel, planted: Planted) -> None:
    odd = planted.X.head(3).copy()
    odd["channel"] = ["fax", None, "app"]
    odd.loc[0, "f0"] = np.nan
    odd.loc[1, "f1"] = np.inf
    assert np.isfinite(model.predict_proba(odd)).all()


def test_columns_in_another_order_and_extra_ones_do_not_matter(model: PropensityModel, planted: Planted) -> None:
    shuffled = planted.X[planted.X.columns[::-1]].assign(extra=1)
    assert (model.predict_proba(shuffled) == model.predict_proba(planted.X)).all()


def test_columns_that_say_nothing_are_left_out_with_the_reason(planted: Planted) -> None:
    X = planted.X.head(1_500)
    padded = X.assign(constant=1, empty=np.nan, infinite=np.inf, twin=X["f0"])
    found = train_propensity(padded, planted.y[:1_500], balance="none")
    assert found.dropped == {
        "constant": "it is constant",
        "empty": "it has no values",
        "infinite": "it has no values",
        "twin": "it is a copy of f0",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X, np.zeros(len(y), dtype=int)), "0 converters"),
        (lambda X, y: (X, np.where(np.arange(len(y)) < 99, 1, 0)), "99 converters .* at least 100"),
        (lambda X, y: (X, np.where(y == 1, 2, 0)), "give 0 and 1"),
        (lambda X, y: (X, y[:-1]), "give one a row"),
        (lambda X, y: (X, pd.Series(y).astype(float).where(pd.Series(y).index > 3)), "y is missing in 4 rows"),
        (lambda X, y: (X.assign(id=[f"customer {i}" for i in range(len(X))]), y), "column id has .* it names rows"),
        (lambda X, y: (X.assign(day=pd.Timestamp("2017-01-01")), y), "column day is a date"),
        (lambda X, y: (pd.concat([X, X[["f0"]]], axis=1), y), "'f0' is there twice"),
        (lambda X, y: (X[[]].assign(one=1), y), "no column varies"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_from_is_refused(change, message: str, planted: Planted) -> None:  # type: ignore[no-untyped-def]
    X, y = change(planted.X, planted.y)
    with pytest.raises(ValueError, match=message):
        train_propensity(X, y, balance="none")


def test_a_history_too_short_is_refused(planted: Planted) -> None:
    days = pd.Timestamp("2017-01-01") + pd.to_timedelta(planted.time, unit="D")
    with pytest.raises(ValueError, match="too short"):
        train_propensity(planted.X, planted.y, time=days, horizon=timedelta(days=30))
    with pytest.raises(ValueError, match="2 periods"):
        train_propensity(planted.X, planted.y, time=planted.time % 2)
    with pytest.raises(ValueError, match="balance"):
        train_propensity(planted.X, planted.y, balance="magic")


def test_scoring_without_a_column_names_it(model: PropensityModel, planted: Planted) -> None:
    with pytest.raises(ValueError, match="column f1 is missing"):
        model.predict_proba(planted.X.drop(columns="f1"))
    with pytest.raises(ValueError, match="column f1 is not numeric"):
        model.predict_proba(planted.X.assign(f1="x"))


def test_outcomes_not_known_in_time_are_not_learnt_from() -> None:
    from models_ml.predicting.periods import split

    days = pd.Series(np.repeat(pd.date_range("2017-01-01", periods=12, freq="10D"), 200))
    y = np.tile([0, 0, 0, 1], 600)
    found = split(y, days, timedelta(days=30), seed=0)
    for fold in (*found.folds, found.test):
        assert days[fold.learn].max() + timedelta(days=30) <= days[fold.check].min()


def test_the_card_is_one_page_with_its_pictures(model: PropensityModel) -> None:
    page = model.card.html()
    assert page.count("<svg") == 3
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    assert f"{model.metrics['auc']:.3f}" in page
