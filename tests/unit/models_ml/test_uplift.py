"""Uplift: what was planted is found, nothing is found in nothing, and what cannot be learnt from is refused."""

import numpy as np
import pandas as pd
import pytest

from models_ml import train_uplift
from models_ml.uplift import NOTHING, UpliftModel

Campaign = tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]


def campaign(rows: int, seed: int, effect: str) -> Campaign:
    """(features, treatment, outcome, true effect)."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(rows, 5)).astype("float32"), columns=[f"f{i}" for i in range(5)])
    treatment = rng.integers(0, 2, rows)
    base = 1 / (1 + np.exp(-(-1.5 + X["f0"] + 0.5 * X["f1"])))
    true = {
        "none": 0.0 * X["f2"],
        "same": 0.05 + 0.0 * X["f2"],
        "some": 0.25 * (X["f2"] > 0),
        "both": 0.2 * np.sign(X["f2"]),
    }
    happened = rng.random(rows) < np.clip(base + treatment * true[effect], 0, 1)
    return X, treatment, happened.astype(int), true[effect].to_numpy()


@pytest.fixture(scope="module")
def some() -> tuple[UpliftModel, Campaign]:
    X, treatment, y, effect = campaign(6_000, 0, "some")
    return train_uplift(X, treatment, y), (X, treatment, y, effect)


def test_a_planted_uplift_is_found(some: tuple[UpliftModel, Campaign]) -> None:
    model, (X, _, _, effect) = some
    assert NOTHING not in model.verdict and "targeting pays" in model.verdict
    predicted = model.predict(X)
    assert predicted.shape == (6_000,) and np.abs(predicted).max() <= 1
    assert np.corrcoef(predicted, effect)[0, 1] > 0.7
    assert model.evidence.at["uplift"].iloc[0] > model.evidence.at["random"].iloc[0]
    assert model.candidates["is_chosen"].sum() == 1 and (model.candidates["why"] != "").all()


def test_another_campaign_confirms_it(some: tuple[UpliftModel, Campaign]) -> None:
    model, _ = some
    X, treatment, y, effect = campaign(6_000, 1, "some")
    found = model.evaluate(X, treatment, y)
    assert found.qini.low > 0 and found.over_response.low > 0
    assert found.average.low <= effect.mean() <= found.average.high


def test_who_is_put_off_is_left_out() -> None:
    X, treatment, y, _ = campaign(6_000, 2, "both")
    model = train_uplift(X, treatment, y)
    assert "Leaving out those with a negative uplift" in model.verdict


@pytest.mark.parametrize("effect", ["none", "same"])
def test_nothing_is_found_in_nothing(effect: str) -> None:
    verdicts = [train_uplift(*campaign(1_500, seed, effect)[:3], seed=seed).verdict for seed in range(10)]
    assert all(NOTHING in verdict for verdict in verdicts)


def test_break_even_targeting_treats_fewer_the_more_it_costs(some: tuple[UpliftModel, Campaign]) -> None:
    model, _ = some
    cheap, dear = model.policy(0.01, 1), model.policy(0.1, 1)
    assert dear.threshold == pytest.approx(0.1) and cheap.share > dear.share
    assert dear.over_all.low > 0
    with pytest.raises(ValueError, match="value must be above zero"):
        model.policy(1, 0)


def test_a_treatment_that_was_not_random_is_not_trusted() -> None:
    X, _, y, _ = campaign(3_000, 3, "none")
    model = train_uplift(X, (X["f0"] + np.random.default_rng(0).normal(size=3_000) > 0).astype(int), y)
    assert not model.is_random and model.verdict.startswith("not to be trusted")


def test_the_same_input_gives_the_same_bytes() -> None:
    X, treatment, y, _ = campaign(2_000, 4, "some")
    first, second = (train_uplift(X, treatment, y).predict(X) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_holes_constants_and_categories_are_taken() -> None:
    X, treatment, y, _ = campaign(2_000, 5, "some")
    X = X.assign(constant=1, empty=np.nan, channel=np.where(X["f3"] > 0, "app", "web"))
    X.loc[::5, "f4"] = np.inf
    model = train_uplift(X, treatment, y)
    assert set(model.dropped) == {"constant", "empty"}
    assert np.isfinite(model.predict(X.assign(channel="fax"))).all()
    with pytest.raises(ValueError, match="column f1 is missing"):
        model.predict(X.drop(columns="f1"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, t, y: (X, t * 0, y), "0 treated and 500 held out"),
        (lambda X, t, y: (X, t + 1, y), "treatment: .*give 0 and 1"),
        (lambda X, t, y: (X, t, y * 0), "0 of 500 converted"),
        (lambda X, t, y: (X, t[:-1], y), "treatment: .* give one a row"),
        (lambda X, t, y: (X * 0, t, y), "no column varies"),
        (lambda X, t, y: (X.assign(id=[f"c{i}" for i in range(500)]), t, y), "column id"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(change, message: str) -> None:  # type: ignore[no-untyped-def]
    X, treatment, y, _ = campaign(500, 6, "some")
    with pytest.raises(ValueError, match=message):
        train_uplift(*change(X, treatment, y))
