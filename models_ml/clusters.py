"""Customer clusters: how many there are, what they are, who is in which.

k is chosen by evidence: silhouette on a sample (Rousseeuw 1987), and stability under the bootstrap (adjusted Rand
index, Hubert & Arabie 1985; method after Hennig 2007), among the k whose smallest cluster is of use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from models_ml.scaling import Scaler

CANDIDATES = range(2, 13)
SMALLEST_SHARE = 0.02
"""A cluster with fewer of the customers than this is no segment."""
STABLE = 0.6
"""Mean adjusted Rand index between bootstraps from which a clustering is called stable."""
BOOTSTRAPS = 5


@dataclass(frozen=True)
class ClusterModel:
    """Fitted clusters. `labels_` are those of the training rows; larger clusters have smaller labels."""

    scaler: Scaler
    centres: np.ndarray = field(repr=False)
    labels_: np.ndarray = field(repr=False)
    selection: pd.DataFrame = field(repr=False)
    names: dict[int, str]
    _profile: pd.DataFrame = field(repr=False)
    algorithm: str = "k-means"

    @property
    def k(self) -> int:
        return len(self.centres)

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """The space the clusters live in: scaled features, rows of X × features."""
        return self.scaler.transform(X)

    def assign(self, X: pd.DataFrame) -> np.ndarray:
        """Label of the nearest centre, one integer a row. Raises ValueError for a missing column."""
        return _distances(self.transform(X), self.centres).argmin(axis=1)

    def confidence(self, X: pd.DataFrame) -> np.ndarray:
        """How clear the assignment is, 0 to 1: one minus nearest over second-nearest distance; 1 for one cluster."""
        if self.k == 1:
            return np.ones(len(X))
        nearest = np.sort(_distances(self.transform(X), self.centres), axis=1)
        return 1 - nearest[:, 0] / np.maximum(nearest[:, 1], 1e-12)

    def profile(self) -> pd.DataFrame:
        """One row per cluster and feature: label, name, size, feature, mean, base, effect (standard deviations)."""
        return self._profile.copy()


def fit_clusters(
    X: pd.DataFrame,
    *,
    k: int | str = "auto",
    sample: int = 10_000,
    seed: int = 0,
    words: Mapping[str, tuple[str, str]] | None = None,
) -> ClusterModel:
    """Finds the groups in X (one row a customer, numeric columns; missing values are taken as the median).

    k: a number, or "auto" to choose it by evidence. sample: rows the evidence is measured on. words: per feature what
    to call a cluster that is low in it, and one that is high; without them a name says "high <feature>".
    Raises ValueError for columns that are not numeric or all constant, or fewer rows than clusters.
    """
    scaler = Scaler.fit(X)
    scaled = scaler.transform(X)
    candidates = [int(k)] if k != "auto" else [c for c in CANDIDATES if c * 10 <= len(X)]
    if not candidates or len(X) < max(candidates):
        raise ValueError(f"{len(X)} rows are too few for {k if k != 'auto' else 'any choice of'} clusters")
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(X), size=min(sample, len(X)), replace=False)
    selection = pd.DataFrame([_evidence(scaled, scaled[rows], c, seed) for c in candidates])
    selection = _verdicts(selection)
    chosen = int(selection.loc[selection["is_chosen"], "k"].iloc[0])
    fitted = _k_means(scaled, chosen, seed)
    order = np.argsort(-np.bincount(fitted.labels_, minlength=chosen), kind="stable")
    labels = np.empty(chosen, dtype=int)
    labels[order] = np.arange(chosen)
    labels = labels[fitted.labels_]
    profile, names = _describe(X, scaled, labels, scaler, words or {})
    return ClusterModel(scaler, fitted.cluster_centers_[order], labels, selection, names, profile)


def _evidence(scaled: np.ndarray, sample: np.ndarray, k: int, seed: int) -> dict[str, float]:
    from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score

    fitted = _k_means(scaled, k, seed)
    labels = fitted.predict(sample)
    several = len(np.unique(labels)) > 1
    rng = np.random.default_rng(seed)
    reference = fitted.predict(sample)
    agreement = []
    for _ in range(BOOTSTRAPS):
        drawn = scaled[rng.choice(len(scaled), size=min(len(scaled), 5_000))]
        again = _k_means(drawn, k, int(rng.integers(2**31)), starts=2)
        agreement.append(adjusted_rand_score(reference, again.predict(sample)))
    return {
        "k": k,
        "inertia": float(fitted.inertia_),
        "silhouette": float(silhouette_score(sample, labels)) if several else 0.0,
        "davies_bouldin": float(davies_bouldin_score(sample, labels)) if several else float("nan"),
        "stability": float(np.mean(agreement)),
        "smallest_share": float(np.bincount(fitted.labels_, minlength=k).min() / len(scaled)),
    }


def _verdicts(selection: pd.DataFrame) -> pd.DataFrame:
    """Marks the chosen k, and says of every other why it lost."""
    useful = selection["smallest_share"] >= SMALLEST_SHARE
    stable = selection["stability"] >= STABLE
    pool = selection[useful & stable] if (useful & stable).any() else selection[useful] if useful.any() else selection
    # Two clusters nearly always have the best silhouette and tell a marketer least: more are taken when they are
    # almost as clear.
    best = pool["silhouette"].max()
    chosen = pool.loc[pool["silhouette"] >= 0.85 * best, "k"].max()
    selection["is_chosen"] = selection["k"] == chosen
    reasons = []
    for row, is_useful, is_stable in zip(selection.to_dict("records"), useful, stable, strict=True):
        if row["is_chosen"]:
            reasons.append("chosen")
        elif not is_useful:
            reasons.append(f"its smallest cluster has {row['smallest_share']:.1%} of the customers")
        elif not is_stable:
            reasons.append(f"not stable: adjusted Rand index {row['stability']:.2f} between bootstraps")
        elif row["silhouette"] < 0.85 * best:
            reasons.append(f"less clear: silhouette {row['silhouette']:.2f} against {best:.2f}")
        else:
            reasons.append("as clear as the chosen one, and coarser")
    return selection.assign(why=reasons)


def _k_means(scaled: np.ndarray, k: int, seed: int, starts: int = 5):  # type: ignore[no-untyped-def]
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=starts, random_state=seed).fit(scaled)


def _distances(scaled: np.ndarray, centres: np.ndarray) -> np.ndarray:
    from sklearn.metrics import pairwise_distances

    return pairwise_distances(scaled, centres)


def _describe(
    X: pd.DataFrame,
    scaled: np.ndarray,
    labels: np.ndarray,
    scaler: Scaler,
    words: Mapping[str, tuple[str, str]],
) -> tuple[pd.DataFrame, dict[int, str]]:
    """What sets each cluster apart: its mean in standard deviations from the base; and a name made of the strongest."""
    effects = pd.DataFrame(scaled, columns=scaler.kept).groupby(labels).mean()
    means = X[scaler.kept].reset_index(drop=True).groupby(labels).mean()
    base = X[scaler.kept].mean()
    sizes = pd.Series(labels).value_counts()
    rows = []
    names: dict[int, str] = {}
    for label in effects.index:
        strongest = effects.loc[label].abs().sort_values(ascending=False, kind="stable").index[:2]
        name = " ".join(_word(f, effects.loc[label, f] > 0, words) for f in strongest)
        names[int(label)] = name if name not in names.values() else f"{name} {label}"
        rows += [
            {
                "label": int(label),
                "name": names[int(label)],
                "size": int(sizes[label]),
                "feature": feature,
                "mean": means.loc[label, feature],
                "base": base[feature],
                "effect": effects.loc[label, feature],
            }
            for feature in scaler.kept
        ]
    return pd.DataFrame(rows), names


def _word(feature: str, is_high: bool, words: Mapping[str, tuple[str, str]]) -> str:
    if feature in words:
        return words[feature][int(is_high)]
    return f"{'high' if is_high else 'low'} {feature.replace('_', ' ')}"
