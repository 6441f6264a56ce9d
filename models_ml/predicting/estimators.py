"""The kinds of model that are tried. Each has `fit(values, y, weight)`, `probability(values)`, `contributions(values)`.

`values` are rows × encoded columns, float32, NaN for missing; a contribution is what a column adds to the log-odds
(to the probability, for a random forest) of a row, compared with the average row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from models_ml.predicting.calibration import expit, logit
from models_ml.repeatable import threads

BLOCK = 131_072
"""Rows scored at a time, so that memory does not grow with their number."""
FOREST_ROWS = 20_000
"""Rows a tree of a forest is grown on."""
LOGISTIC_ROWS = 400_000
"""Rows from which further ones do not move a logistic regression."""


class Estimator(Protocol):
    def fit(self, values: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> "Estimator": ...

    def probability(self, values: np.ndarray) -> np.ndarray: ...

    def contributions(self, values: np.ndarray) -> np.ndarray: ...


@dataclass
class Logistic:
    """Regularised logistic regression on signed logs, medians for missing values with a flag that they were missing."""

    C: float = 0.3
    seed: int = 0
    columns: Sequence[int] | None = None
    """Only these columns (the baseline); None: all."""
    medians: np.ndarray = field(init=False, repr=False)
    flagged: np.ndarray = field(init=False, repr=False)
    means: np.ndarray = field(init=False, repr=False)
    deviations: np.ndarray = field(init=False, repr=False)
    weights: np.ndarray = field(init=False, repr=False)
    intercept: float = field(init=False)

    def fit(self, values: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> "Logistic":
        import warnings

        from sklearn.linear_model import LogisticRegression

        from models_ml.repeatable import draw

        rows = draw(len(values), LOGISTIC_ROWS, self.seed)
        values, y = self._own(values[rows]), y[rows]
        weight = None if weight is None else weight[rows]
        missing = np.isnan(values)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # an empty column has no median
            self.medians = np.nan_to_num(np.nanmedian(values, axis=0))
        self.flagged = np.flatnonzero(missing.any(axis=0))
        shaped = self._shaped(values)
        self.means, self.deviations = shaped.mean(axis=0), shaped.std(axis=0)
        self.deviations[self.deviations < 1e-9] = 1.0
        scaled = (shaped - self.means) / self.deviations
        model = LogisticRegression(C=self.C, max_iter=1_000).fit(scaled, y, weight)
        self.weights, self.intercept = model.coef_[0].astype("float32"), float(model.intercept_[0])
        self.means, self.deviations = self.means.astype("float32"), self.deviations.astype("float32")
        return self

    def probability(self, values: np.ndarray) -> np.ndarray:
        weights = self.weights / self.deviations
        offset = self.intercept - float(self.means @ weights)

        def block(part: np.ndarray) -> np.ndarray:
            return expit((self._shaped(self._own(part)) @ weights).astype("float64") + offset)

        return _by_blocks(block, values)

    def contributions(self, values: np.ndarray) -> np.ndarray:
        shaped = self._shaped(self._own(values))
        parts = (shaped - self.means) / self.deviations * self.weights
        own = parts[:, : len(self.medians)].copy()
        own[:, self.flagged] += parts[:, len(self.medians) :]
        if self.columns is None:
            return own
        all_columns = np.zeros((len(values), values.shape[1]), dtype=own.dtype)
        all_columns[:, list(self.columns)] = own
        return all_columns

    def _own(self, values: np.ndarray) -> np.ndarray:
        return values if self.columns is None else values[:, list(self.columns)]

    def _shaped(self, values: np.ndarray) -> np.ndarray:
        """log(1 + |x|) with x's sign, then a flag for each column that had missing values in training."""
        missing = np.isnan(values)
        filled = np.where(missing, self.medians.astype("float32"), values)
        signs = np.sign(filled)
        np.abs(filled, out=filled)
        np.log1p(filled, out=filled)
        filled *= signs
        return np.hstack([filled, missing[:, self.flagged].astype("float32")]) if len(self.flagged) else filled


@dataclass
class Trees:
    """Gradient boosting (Friedman 2001; LightGBM: Ke et al. 2017) or a random forest (Breiman 2001)."""

    make: Callable[[Mapping[str, Any], int], Any]
    parameters: Mapping[str, Any]
    seed: int = 0
    model: Any = field(init=False, repr=False)

    def fit(self, values: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> "Trees":
        self.model = self.make(self.parameters, self.seed)
        if hasattr(self.model, "max_samples"):
            self.model.max_samples = min(1.0, FOREST_ROWS / len(values))
        self._use_threads(values)
        self.model.fit(values, y, sample_weight=weight)
        return self

    def probability(self, values: np.ndarray) -> np.ndarray:
        self._use_threads(values)
        return _by_blocks(lambda part: self.model.predict_proba(part)[:, 1], values)

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """SHAP values of the trees, path-dependent (Lundberg et al. 2020)."""
        if hasattr(self.model, "booster_"):
            self._use_threads(values)
            return self.model.booster_.predict(values, pred_contrib=True)[:, :-1]
        import shap

        found = np.asarray(shap.TreeExplainer(self.model).shap_values(values, check_additivity=False))
        return found[..., 1] if found.ndim == 3 else found

    def _use_threads(self, values: np.ndarray) -> None:
        """LightGBM does not heed `repeatable`, and on few rows its threads mostly wait for each other."""
        if hasattr(self.model, "importance_type"):
            self.model.n_jobs = threads(len(values))


@dataclass
class Blend:
    """The mean of two models' log-odds: a line and trees are wrong about different people."""

    parts: tuple[Estimator, Estimator]

    def fit(self, values: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> "Blend":
        for part in self.parts:
            part.fit(values, y, weight)
        return self

    def probability(self, values: np.ndarray) -> np.ndarray:
        return expit(np.mean([logit(part.probability(values)) for part in self.parts], axis=0))

    def contributions(self, values: np.ndarray) -> np.ndarray:
        return np.mean([part.contributions(values) for part in self.parts], axis=0)


def hist_gradient_boosting(parameters: Mapping[str, Any], seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(early_stopping=False, random_state=seed, **parameters)


def lightgbm(parameters: Mapping[str, Any], seed: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(
        random_state=seed, deterministic=True, force_row_wise=True, n_jobs=1, verbose=-1, **parameters
    )


def random_forest(parameters: Mapping[str, Any], seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    # One job: several would add up their trees in the order they happen to finish.
    return RandomForestClassifier(max_samples=1.0, random_state=seed, n_jobs=1, **parameters)


def _by_blocks(score: Callable[[np.ndarray], np.ndarray], values: np.ndarray) -> np.ndarray:
    if len(values) <= BLOCK:
        return score(values)
    return np.concatenate([score(values[start : start + BLOCK]) for start in range(0, len(values), BLOCK)])
