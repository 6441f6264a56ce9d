"""Ways to learn what a treatment changes. Each has `fit(values, treated, y)` and `uplift(values)`, one a row.

values: rows × columns, float32, NaN for missing. treated, y: 0 or 1 a row.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from models_ml.predicting.estimators import Logistic, Trees, lightgbm

OUTCOME = {"n_estimators": 60, "learning_rate": 0.05, "num_leaves": 7, "min_child_samples": 100, "reg_lambda": 20.0}
EFFECT = {"n_estimators": 40, "learning_rate": 0.05, "num_leaves": 4, "min_child_samples": 200, "reg_lambda": 50.0}
"""Effects are small beside outcomes: few, shallow, strongly regularised trees."""


class Learner(Protocol):
    def fit(self, values: np.ndarray, treated: np.ndarray, y: np.ndarray) -> "Learner": ...

    def uplift(self, values: np.ndarray) -> np.ndarray: ...


@dataclass
class TwoModels:
    """T-learner: one outcome model an arm, and their difference (Künzel et al. 2019)."""

    make: Callable[[], Any]
    arms: list[Any] = field(init=False, repr=False)

    def fit(self, values: np.ndarray, treated: np.ndarray, y: np.ndarray) -> "TwoModels":
        self.arms = [self.make().fit(values[treated == arm], y[treated == arm]) for arm in (0, 1)]
        return self

    def outcomes(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(probability untreated, probability treated)."""
        untreated, treated = (arm.probability(values) for arm in self.arms)
        return untreated, treated

    def uplift(self, values: np.ndarray) -> np.ndarray:
        untreated, treated = self.outcomes(values)
        return treated - untreated


@dataclass
class OneModel:
    """S-learner: the treatment is one more column, asked for both its values (Künzel et al. 2019)."""

    make: Callable[[], Any]
    model: Any = field(init=False, repr=False)

    def fit(self, values: np.ndarray, treated: np.ndarray, y: np.ndarray) -> "OneModel":
        self.model = self.make().fit(_with(values, treated), y)
        return self

    def uplift(self, values: np.ndarray) -> np.ndarray:
        both = [self.model.probability(_with(values, np.full(len(values), arm))) for arm in (0, 1)]
        return both[1] - both[0]


@dataclass
class CrossLearner:
    """X-learner: each arm's rows against what the other arm's model expected of them (Künzel et al. 2019)."""

    make: Callable[[], Any]
    seed: int
    share: float = field(init=False)
    effects: list[Any] = field(init=False, repr=False)

    def fit(self, values: np.ndarray, treated: np.ndarray, y: np.ndarray) -> "CrossLearner":
        arms = TwoModels(self.make).fit(values, treated, y)
        untreated, with_treatment = arms.outcomes(values)
        imputed = np.where(treated == 1, y - untreated, with_treatment - y)
        self.share = float(treated.mean())
        self.effects = [_regression(self.seed).fit(values[treated == a], imputed[treated == a]) for a in (0, 1)]
        return self

    def uplift(self, values: np.ndarray) -> np.ndarray:
        of_untreated, of_treated = (model.predict(values) for model in self.effects)
        return self.share * of_untreated + (1 - self.share) * of_treated


@dataclass
class TransformedOutcome:
    """One regression on an outcome whose mean is the effect (Athey & Imbens 2016), less what needs no treatment."""

    make: Callable[[], Any]
    seed: int
    model: Any = field(init=False, repr=False)

    def fit(self, values: np.ndarray, treated: np.ndarray, y: np.ndarray) -> "TransformedOutcome":
        share = treated.mean()
        expected = self.make().fit(values, y).probability(values)
        target = (y - expected) * (treated - share) / (share * (1 - share))
        self.model = _regression(self.seed).fit(values, target)
        return self

    def uplift(self, values: np.ndarray) -> np.ndarray:
        return self.model.predict(values)


def candidates(seed: int) -> dict[str, Callable[[], Learner]]:
    """By name, the simplest first."""

    def line() -> Logistic:
        return Logistic(C=0.01, seed=seed)

    def trees() -> Trees:
        return Trees(lightgbm, OUTCOME, seed)

    return {
        "T-learner, logistic": lambda: TwoModels(line),
        "S-learner, trees": lambda: OneModel(trees),
        "T-learner, trees": lambda: TwoModels(trees),
        "transformed outcome, trees": lambda: TransformedOutcome(trees, seed),
        "X-learner, trees": lambda: CrossLearner(trees, seed),
    }


def _regression(seed: int) -> Any:
    from lightgbm import LGBMRegressor

    settings: dict[str, Any] = EFFECT | {"random_state": seed, "deterministic": True, "force_row_wise": True}
    return LGBMRegressor(n_jobs=1, verbose=-1, **settings)


def _with(values: np.ndarray, treated: np.ndarray) -> np.ndarray:
    return np.column_stack([values, treated.astype("float32")])
