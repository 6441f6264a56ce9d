"""Bringing features to one scale, chosen by their skew and remembered for scoring."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from models_ml.frame import as_frame, matrix, with_columns
from models_ml.repeatable import draw

METHODS = ("z-score", "log", "robust", "min-max")
SKEWED = 1.0
"""Absolute skewness from which a feature is no longer symmetric (Bulmer 1979)."""
HEAVY = 6.0
"""Excess kurtosis from which mean and standard deviation are those of a few rows."""
TAILS = 4.0
"""Scaled values are cut at this many units: a few outliers must not make a cluster of their own."""
FLAG = 0.5
"""Half the distance between the two values of a flag: a rare flag must not weigh ten standard deviations."""
PARTS = (1, 4, 16, 64)
"""Parts of a feature's typical value tried as the unit of its log; the one that leaves least skew is taken."""
ROWS = 100_000
"""Rows the scale is measured on."""


@dataclass(frozen=True)
class Scaler:
    """Median imputation, then one of METHODS a feature; tails cut. Features that cannot help are left out.

    `methods` and `dropped` (why) are by feature name; `shift` and `scale` apply after the log, `unit` is inside it.
    """

    feature_names_in_: list[str]
    kept: list[str]
    methods: dict[str, str]
    dropped: dict[str, str]
    medians: np.ndarray
    unit: np.ndarray
    shift: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, X: Any, method: str = "auto", seed: int = 0) -> "Scaler":
        """X: numeric frame, one row a customer. method: "auto" (by skew, feature by feature) or one of METHODS.

        Left out: features without values, constant ones, copies of another. Raises ValueError when nothing is left,
        for an unknown method, or for a column that is not numeric.
        """
        if method not in ("auto", *METHODS):
            raise ValueError(f"no scaling called {method!r}; there are auto, {', '.join(METHODS)}")
        frame = as_frame(X)
        names = [str(column) for column in frame.columns]
        values = matrix(frame.iloc[draw(len(frame), ROWS, seed)]).astype("float64")
        dropped: dict[str, str] = {}
        methods: dict[str, str] = {}
        columns: list[tuple[float, float, float, float]] = []
        seen: dict[bytes, str] = {}
        for name, column in zip(names, values.T, strict=True):
            known = column[~np.isnan(column)]
            if not len(known):
                dropped[name] = "it has no values"
            elif known.min() == known.max():
                dropped[name] = "it is constant"
            elif column.tobytes() in seen:
                dropped[name] = f"it is a copy of {seen[column.tobytes()]}"
            else:
                seen[column.tobytes()] = name
                methods[name] = _method(known) if method == "auto" else method
                if methods[name] == "log" and known.min() < 0:
                    raise ValueError(f'column {name} has values below zero, which have no log; use scaling="auto"')
                columns.append(_measure(column, methods[name]))
        if not columns:
            raise ValueError("no column varies: there is nothing to tell customers apart by")
        medians, unit, shift, scale = (np.array(part, dtype="float32") for part in zip(*columns, strict=True))
        return cls(names, list(methods), methods, dropped, medians, unit, shift, scale)

    def transform(self, X: Any) -> np.ndarray:
        """Scaled matrix (rows of X × kept features), float32, no NaN. Raises ValueError for a missing column."""
        frame = with_columns(X, self.feature_names_in_)
        values = matrix(frame[self.kept])
        for position, name in enumerate(self.kept):
            column = values[:, position]
            column[np.isnan(column)] = self.medians[position]
            if self.methods[name] == "log":
                # At scoring a feature may fall below anything seen in training; below zero the log has no meaning.
                np.log1p(np.maximum(column, 0) / self.unit[position], out=column)
            column -= self.shift[position]
            column /= self.scale[position]
        return np.clip(values, -TAILS, TAILS, out=values)


def _method(known: np.ndarray) -> str:
    if len(np.unique(known[:1_000])) <= 2 and len(np.unique(known)) == 2:
        return "min-max"
    skew, kurtosis = _moments(known)
    if skew > SKEWED and known.min() >= 0:
        return "log"
    return "robust" if abs(skew) > SKEWED or kurtosis > HEAVY else "z-score"


def _moments(values: np.ndarray) -> tuple[float, float]:
    """Skewness and excess kurtosis."""
    scaled = (values - values.mean()) / (values.std() or 1.0)
    return float((scaled**3).mean()), float((scaled**4).mean() - 3)


def _measure(column: np.ndarray, method: str) -> tuple[float, float, float, float]:
    """(median, unit of the log, shift, scale) of one column with missing values."""
    median = float(np.nanmedian(column))
    filled = np.where(np.isnan(column), median, column)
    unit = 1.0
    if method == "log":
        # log(1 + x / unit), in units of the typical value: the result must not depend on whether money is in cents.
        typical = float(np.median(filled[filled > 0]))
        unit = min((typical / part for part in PARTS), key=lambda u: abs(_moments(np.log1p(filled / u))[0]))
        filled = np.log1p(filled / unit)
    if method == "min-max":
        low, high = float(filled.min()), float(filled.max())
        return median, unit, (low + high) / 2, (high - low) * FLAG or 1.0
    if method == "robust":
        low, middle, high = np.quantile(filled, [0.25, 0.5, 0.75])
        # 1.349: the interquartile range of a standard normal, so that robust and z-score units are the same.
        return median, unit, float(middle), float((high - low) / 1.349) or float(filled.std())
    return median, unit, float(filled.mean()), float(filled.std()) or 1.0
