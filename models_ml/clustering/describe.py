"""What sets groups apart: the mean of every feature against the base, in its own unit and in standard deviations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models_ml.clustering import naming
from models_ml.clustering.scaling import Scaler
from models_ml.frame import matrix

REASONS = 5


@dataclass(frozen=True)
class Description:
    """`table`: one row per group and feature (label, size, share, feature, mean, base, effect).

    `centres`: groups × features, their means in the scaled space; `labels` says which row is whose.
    """

    labels: list[int]
    features: list[str]
    table: pd.DataFrame
    centres: np.ndarray
    words: dict[str, tuple[str, str]]

    def name(self, label: int, taken: Iterable[str]) -> str:
        """A plain name that is none of `taken`."""
        return naming.name(self._of(label)["effect"].to_dict(), self.words, tuple(taken))

    def size(self, label: int) -> tuple[int, float]:
        """(customers, share of all)."""
        first = self._of(label).iloc[0]
        return int(first["size"]), float(first["share"])

    def differences(self, label: int, top: int = 3) -> str:
        """The strongest differences from the base in words: "spend 90d 812 (all: 95), evening share 0.7 (all: 0.2)"."""
        rows = self._of(label)
        order = rows["effect"].abs().sort_values(ascending=False, kind="stable").index[:top]
        return ", ".join(f"{naming.plain(f)} {rows.loc[f, 'mean']:.3g} (all: {rows.loc[f, 'base']:.3g})" for f in order)

    def reasons(self, row: pd.DataFrame, scaled: np.ndarray, own: int, other: int | None) -> list[str]:
        """Features of one customer that bring them nearer to `own` than to `other`, strongest first."""
        base = np.zeros(len(self.features)) if other is None else self.centres[self.labels.index(other)]
        mine = self.centres[self.labels.index(own)]
        pull = np.abs(scaled - base) ** 2 - np.abs(scaled - mine) ** 2
        typical = self._of(own)["base"]
        said = []
        for position in np.argsort(-pull, kind="stable")[:REASONS]:
            if pull[position] <= 0:
                break
            feature = self.features[position]
            value = matrix(row[[feature]])[0, 0]
            shown = "unknown, taken as typical" if np.isnan(value) else f"{value:.3g}"
            said.append(f"{naming.plain(feature)} is {shown} (average {typical[feature]:.3g})")
        return said

    def _of(self, label: int) -> pd.DataFrame:
        return self.table[self.table["label"] == label].set_index("feature")


def describe(
    frame: pd.DataFrame,
    scaler: Scaler,
    scaled: np.ndarray,
    labels: np.ndarray,
    words: Mapping[str, tuple[str, str]],
) -> Description:
    """Groups of rows by label. scaled: the rows in the scaled space. Means leave missing values out."""
    found, code = np.unique(labels, return_inverse=True)
    sizes = np.bincount(code)
    count = len(found)
    blocks = []
    centres = np.empty((count, len(scaler.kept)))
    for position, feature in enumerate(scaler.kept):
        values = matrix(frame[[feature]])[:, 0].astype("float64")
        known = ~np.isnan(values)
        sums = np.bincount(code[known], weights=values[known], minlength=count)
        column = scaled[:, position].astype("float64")
        centres[:, position] = np.bincount(code, weights=column, minlength=count) / sizes
        with np.errstate(invalid="ignore"):
            means = sums / np.bincount(code[known], minlength=count)
        blocks.append(
            pd.DataFrame(
                {
                    "label": found.astype(int),
                    "size": sizes,
                    "share": sizes / len(labels),
                    "feature": feature,
                    "mean": means,
                    "base": values[known].mean(),
                    "effect": (centres[:, position] - column.mean()) / (column.std() or 1.0),
                }
            )
        )
    table = pd.concat(blocks).sort_values("label", kind="stable").reset_index(drop=True)
    return Description([int(label) for label in found], list(scaler.kept), table, centres, dict(words))
