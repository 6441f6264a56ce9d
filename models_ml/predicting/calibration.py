"""From a score that ranks to a probability that can be counted on."""

from dataclasses import dataclass
from typing import Any

import numpy as np

EDGE = 1e-6
FOLDS = 5
FEWEST_FOR_ISOTONIC = 1_000
"""Rows below which a step function would follow single customers (Niculescu-Mizil & Caruana 2005)."""


@dataclass(frozen=True)
class Calibrator:
    """Platt's sigmoid (Platt 1999) or an isotonic step function (Zadrozny & Elkan 2002), on log-odds."""

    method: str
    model: Any

    def __call__(self, probability: np.ndarray) -> np.ndarray:
        """Calibrated probability, one a row, strictly between 0 and 1."""
        odds = logit(probability)
        if self.method == "platt":
            return expit(self.model[0] * odds + self.model[1])
        return np.clip(self.model.predict(odds), EDGE, 1 - EDGE)


def fit(probability: np.ndarray, y: np.ndarray) -> Calibrator:
    """The method with the smaller log loss on rows it has not seen (cross-validated), Platt where they are equal."""
    from sklearn.model_selection import StratifiedKFold

    methods = {"platt": _platt} | ({"isotonic": _isotonic} if len(y) >= FEWEST_FOR_ISOTONIC else {})
    if len(methods) == 1 or min(y.sum(), len(y) - y.sum()) < FOLDS:
        return _platt(probability, y)
    losses = dict.fromkeys(methods, 0.0)
    for learn, check in StratifiedKFold(FOLDS).split(probability, y):
        for name, method in methods.items():
            losses[name] += _log_loss(y[check], method(probability[learn], y[learn])(probability[check]))
    return methods[min(losses, key=lambda name: (round(losses[name], 9), name == "isotonic"))](probability, y)


def logit(probability: np.ndarray) -> np.ndarray:
    """Log-odds, float64."""
    clipped = np.clip(np.asarray(probability, dtype="float64"), EDGE, 1 - EDGE)
    return np.log(clipped / (1 - clipped))


def expit(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def _platt(probability: np.ndarray, y: np.ndarray) -> Calibrator:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100.0).fit(logit(probability).reshape(-1, 1), y)
    slope = float(model.coef_[0, 0])
    if slope <= 0:
        # A sigmoid that falls would turn the ranking round on the strength of one period: only the level is learnt.
        return Calibrator("platt", (1e-3, float(logit(np.array([y.mean()]))[0])))
    return Calibrator("platt", (slope, float(model.intercept_[0])))


def _isotonic(probability: np.ndarray, y: np.ndarray) -> Calibrator:
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(y_min=EDGE, y_max=1 - EDGE, out_of_bounds="clip")
    return Calibrator("isotonic", model.fit(logit(probability), y))


def _log_loss(y: np.ndarray, probability: np.ndarray) -> float:
    return float(-np.where(y == 1, np.log(probability), np.log1p(-probability)).sum())
