"""Bringing features to one scale, chosen by their skew and remembered for scoring."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models_ml.frame import numeric

SKEWED = 1.0
"""Absolute skewness from which a non-negative feature is taken as log(1 + x)."""
TAILS = 4.0
"""Scaled values are cut at this many standard deviations: a few outliers must not make a cluster of their own."""


@dataclass(frozen=True)
class Scaler:
    """Median imputation, log where skewed, z-score, tails cut. Constant features are left out."""

    columns: list[str]
    kept: list[str]
    logged: list[str]
    medians: pd.Series
    means: pd.Series
    deviations: pd.Series

    @classmethod
    def fit(cls, X: pd.DataFrame) -> "Scaler":
        """Raises ValueError when no column varies."""
        X = numeric(X)
        medians = X.median().fillna(0.0)
        filled = X.fillna(medians)
        logged = [c for c in X.columns if filled[c].min() >= 0 and abs(filled[c].skew()) > SKEWED]
        shaped = _shape(filled, logged)
        deviations = shaped.std(ddof=0)
        kept = [c for c in X.columns if deviations[c] > 1e-12]
        if not kept:
            raise ValueError("no column varies: there is nothing to tell customers apart by")
        return cls(list(X.columns), kept, logged, medians, shaped.mean()[kept], deviations[kept])

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Scaled matrix (rows of X × kept features), float64."""
        filled = numeric(X, self.columns).fillna(self.medians)
        scaled = (_shape(filled, self.logged)[self.kept] - self.means) / self.deviations
        return np.clip(scaled.to_numpy(), -TAILS, TAILS)


def _shape(X: pd.DataFrame, logged: list[str]) -> pd.DataFrame:
    shaped = X.copy()
    # At scoring a feature may fall below anything seen in training; below zero the log has no meaning.
    shaped[logged] = np.log1p(shaped[logged].clip(lower=0))
    return shaped
