"""Fewer dimensions when columns are many or say the same: what is dropped and what is kept is written down."""

from dataclasses import dataclass

import numpy as np

from models_ml.repeatable import draw

COLLINEAR = 0.95
"""Absolute correlation from which two features count as one."""
MANY = 20
"""Features from which distances say little (Aggarwal et al. 2001) and principal components are used."""
VARIANCE = 0.9
"""Share of the variance the components keep."""
ROWS = 100_000


@dataclass(frozen=True)
class Reduction:
    """Feature selection, then principal components where needed. `explained` is the share of variance kept."""

    used: np.ndarray
    dropped: dict[str, str]
    mean: np.ndarray
    axes: np.ndarray | None
    explained: float

    @classmethod
    def fit(cls, scaled: np.ndarray, names: list[str], seed: int = 0) -> "Reduction":
        """scaled: rows × features without NaN; names: one a feature."""
        values = scaled[draw(len(scaled), ROWS, seed)].astype("float64")
        used: list[int] = []
        dropped: dict[str, str] = {}
        correlation = np.abs(np.nan_to_num(np.corrcoef(values, rowvar=False).reshape(len(names), len(names))))
        for feature in range(len(names)):
            twin = next((other for other in used if correlation[feature, other] > COLLINEAR), None)
            if twin is None:
                used.append(feature)
            else:
                dropped[names[feature]] = f"it moves with {names[twin]} (|r| {correlation[feature, twin]:.2f})"
        kept = values[:, used]
        mean = kept.mean(axis=0)
        axes, explained = None, 1.0
        if len(used) > MANY:
            variances, vectors = np.linalg.eigh(np.cov(kept, rowvar=False))
            order = np.argsort(-variances, kind="stable")
            shares = np.cumsum(variances[order]) / variances.sum()
            count = int(np.searchsorted(shares, VARIANCE) + 1)
            chosen = vectors[:, order[:count]]
            # The sign of an eigenvector is free; the largest entry is made positive so that two runs agree.
            chosen = chosen * np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(count)])
            axes, explained = chosen.astype("float32"), float(shares[count - 1])
        return cls(np.array(used), dropped, mean.astype("float32"), axes, explained)

    def transform(self, scaled: np.ndarray) -> np.ndarray:
        """rows × dimensions, float32."""
        kept = scaled if len(self.used) == scaled.shape[1] else scaled[:, self.used]
        return kept if self.axes is None else (kept - self.mean) @ self.axes
