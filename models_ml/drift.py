"""Drift: do today's customers, or today's scores, still look like those a model was trained on?

Population stability index (Lewis 1994; below 0.1 nothing, from 0.2 a shift), Kolmogorov–Smirnov distance, shares of
missing values and of categories never seen, and calibration against what came true.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models_ml.frame import as_frame, is_number, with_columns

BINS = 10
STABILITY = 0.2
"""Population stability index from which a feature has drifted."""
ERRORS = 3.0
"""Standard errors between promise and outcome from which a calibration has drifted (Shewhart 1931)."""
FEWEST = 100
"""Rows below which the index says nothing: it grows with bins over rows by chance alone."""
EDGE = 1e-4
MISSING = "missing"
OTHER = "other"
MOST = 30
"""Categories told apart; the others count as one."""


@dataclass(frozen=True)
class Reference:
    """What the features looked like: by feature the edges (numbers) or the categories, and the share in each bin.

    Small, plain and JSON-safe by `to_dict`, so that scoring needs no training data. The last share is that of missing
    values; categories have one more before it, `other`.
    """

    bins: Mapping[str, list[float] | list[str]]
    shares: Mapping[str, list[float]]
    rows: int

    @classmethod
    def of(cls, X: Any, *, bins: int = BINS) -> "Reference":
        """X: a frame of numbers, truth values and categories, one row a customer. Raises ValueError without rows."""
        frame = as_frame(X)
        if not len(frame):
            raise ValueError("an empty frame is no reference: give the rows the model was trained on")
        edges: dict[str, list[float] | list[str]] = {}
        for name in frame.columns:
            column = frame[name]
            if is_number(column):
                known = _numbers(column)
                known = known[~np.isnan(known)]
                inner = np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]) if len(known) else np.array([])
                edges[str(name)] = [float(edge) for edge in np.unique(inner)]
            else:
                edges[str(name)] = [str(value) for value in column.dropna().astype(str).value_counts().index[:MOST]]
        kinds = {str(name): is_number(frame[name]) for name in frame.columns}
        shares = {name: _shares(frame[name], edges[name], kinds[name]).tolist() for name in edges}
        return cls(edges, shares, len(frame))

    def to_dict(self) -> dict[str, Any]:
        return {"bins": dict(self.bins), "shares": dict(self.shares), "rows": self.rows}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Reference":
        return cls(stored["bins"], stored["shares"], stored["rows"])


@dataclass(frozen=True)
class DriftReport:
    """`table`: one row a feature: feature, stability (PSI), distance (KS over the bins), missing, missing_before,
    unseen (share of categories training did not have), limit, is_drifted. `rows`: of today."""

    table: pd.DataFrame
    rows: int

    @property
    def drifted(self) -> pd.DataFrame:
        return self.table[self.table["is_drifted"]].reset_index(drop=True)

    @property
    def is_drifted(self) -> bool:
        return bool(self.table["is_drifted"].any())

    def __str__(self) -> str:
        if not self.is_drifted:
            return f"no drift in {len(self.table)} features of {self.rows:,} rows"
        found = ", ".join(f"{row.feature} (PSI {row.stability:.2f})" for row in self.drifted.itertuples())
        return f"drift in {len(self.drifted)} of {len(self.table)} features: {found}"


def compare(reference: "Reference | pd.DataFrame", current: Any, *, bins: int = BINS) -> DriftReport:
    """Today's features against those of the training, each by itself.

    A feature has drifted from a PSI of 0.2 on, less what chance alone makes of so few rows (bins over rows, of both).
    Raises ValueError naming a column of the reference that is missing today.
    """
    before = reference if isinstance(reference, Reference) else Reference.of(reference, bins=bins)
    frame = with_columns(current, list(before.shares))
    rows = []
    for name, old in before.shares.items():
        was_number = not before.bins[name] or not isinstance(before.bins[name][0], str)
        new = _shares(frame[name], before.bins[name], was_number)
        chance = (len(old) - 1) * (1 / max(len(frame), 1) + 1 / before.rows)
        index = max(0.0, stability(np.array(old), new) - chance)
        unseen = 0.0 if was_number else max(0.0, float(new[-2] - old[-2]))
        rows.append(
            {
                "feature": name,
                "stability": index,
                "distance": float(np.abs(np.cumsum(new - np.array(old))).max()),
                "missing": float(new[-1]),
                "missing_before": float(old[-1]),
                "unseen": unseen,
                "limit": STABILITY,
                "is_drifted": index >= STABILITY and len(frame) >= FEWEST,
            }
        )
    return DriftReport(pd.DataFrame(rows), len(frame))


def compare_scores(reference: Any, current: Any, y: Any = None) -> DriftReport:
    """Today's scores against those of the training; with y, also whether they came true.

    reference: scores, or a Reference of a frame with the one column `score`. y: 0 or 1 a current score, where known;
    with it the table has a second row, that of `compare_outcomes`.
    """
    before = reference if isinstance(reference, Reference) else Reference.of(pd.DataFrame({"score": reference}))
    scores = np.asarray(current, dtype="float64")
    report = compare(before, pd.DataFrame({"score": scores}))
    if y is None:
        return report
    came_true = compare_outcomes(scores, y)
    return DriftReport(pd.concat([report.table, came_true.table], ignore_index=True), report.rows)


def compare_outcomes(scores: Any, y: Any, *, learnt_from: int | None = None) -> DriftReport:
    """Calibration: probabilities against what came true since. y: 0 or 1 a score, NaN where not known yet.

    learnt_from: rows the calibration was learnt from, whose own luck widens the error. One row, `calibration`, or none
    with fewer than 100 outcomes. Its stability is the gap between the predicted and the observed rate, scaled so that
    the limit of 0.2 is ERRORS standard errors. Raises ValueError for another number of outcomes than scores.
    """
    scores, observed = np.asarray(scores, dtype="float64"), np.asarray(y, dtype="float64")
    if len(observed) != len(scores):
        raise ValueError(f"y has {len(observed)} values for {len(scores)} scores; give one a score")
    known = ~np.isnan(observed)
    if known.sum() < FEWEST:
        return DriftReport(pd.DataFrame({"is_drifted": pd.Series(dtype="bool")}), int(known.sum()))
    gap = float(scores[known].mean() - observed[known].mean())
    spread = float(np.mean(scores[known] * (1 - scores[known])))
    error = float(np.sqrt(spread / known.sum() + (spread / learnt_from if learnt_from else 0.0))) or 1e-9
    row = {
        "feature": "calibration",
        "stability": abs(gap) / error * STABILITY / ERRORS,
        "distance": abs(gap),
        "missing": 0.0,
        "missing_before": 0.0,
        "unseen": 0.0,
        "limit": STABILITY,
        "is_drifted": abs(gap) / error >= ERRORS,
    }
    return DriftReport(pd.DataFrame([row]), int(known.sum()))


def stability(before: np.ndarray, after: np.ndarray) -> float:
    """Population stability index of two sets of shares: Σ (after - before) · ln(after / before)."""
    old, new = np.maximum(before, EDGE), np.maximum(after, EDGE)
    return float(((new - old) * np.log(new / old)).sum())


def _shares(column: pd.Series, bins: list[float] | list[str], numeric: bool) -> np.ndarray:
    """Share of the rows in each bin; missing ones last, for categories `other` before them."""
    total = max(len(column), 1)
    if numeric:
        values = _numbers(column)
        known = values[~np.isnan(values)]
        counts = np.bincount(np.searchsorted(np.array(bins), known, side="left"), minlength=len(bins) + 1)
        return np.append(counts, len(values) - len(known)) / total
    text = column.dropna().astype(str)
    counts = text.value_counts().reindex(list(bins), fill_value=0).to_numpy()
    return np.concatenate([counts, [len(text) - counts.sum(), len(column) - len(text)]]) / total


def _numbers(column: pd.Series) -> np.ndarray:
    """float64, infinities as missing. Raises ValueError for a column that is no number."""
    if not is_number(column):
        raise ValueError(f"column {column.name} is not numeric any more")
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)
