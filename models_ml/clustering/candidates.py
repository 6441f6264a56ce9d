"""Every clustering tried, with everything measured of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from models_ml.clustering.density import falls_apart, validity
from models_ml.clustering.nulls import Null
from models_ml.clustering.partitions import Mixture, Partition, Prototypes, assign
from models_ml.repeatable import draw

K_MEANS, MIXTURE, DENSITY = "k-means", "gaussian mixture", "hdbscan"
ALGORITHMS = (K_MEANS, MIXTURE, DENSITY)
MIXTURE_KS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20)
"""Mixtures are slow; between these k none is looked for."""
MIN_SAMPLES = (5, 15)
"""Neighbours a dense point of HDBSCAN has; more make it see less."""
STARTS = 8
"""Of k-means; with fewer it merges two of fifteen clusters and cuts a third now and then."""
BOOTSTRAPS = 4
ROWS = 3_000
"""Rows that silhouettes, mixtures and bootstraps are measured on."""
DENSITY_ROWS = 6_000
FEWEST = 20
"""Rows of the smaller half of a cluster that is said to fall apart."""


@dataclass(frozen=True)
class Candidate:
    """One clustering of the sample. `criteria` by name; one that does not apply to the algorithm is left out."""

    algorithm: str
    k: int
    partition: Partition
    criteria: dict[str, float]


def k_means(points: np.ndarray, ks: Iterable[int], null: Null, smallest: float, seed: int) -> list[Candidate]:
    """k-means (Lloyd 1982; Arthur & Vassilvitskii 2007) for every k. points: rows × dimensions, float32.

    Stability, which costs most, is measured of those whose clusters are all at least the share `smallest`.
    """
    measure = Measure(points, seed)
    found = []
    for k in ks:
        fitted = _k_means(points, seed, k, starts=STARTS)
        partition = Prototypes(fitted.cluster_centers_.astype("float32"), np.arange(k))
        criteria = {
            "inertia": float(fitted.inertia_),
            "silhouette_by_chance": null.by_chance[k],
            "silhouette_unrelated": null.unrelated[k],
            "gap": null.gap[k],
            "gap_error": null.gap_error[k],
        }
        criteria |= measure.quality(partition, smallest)
        if criteria["smallest_share"] >= smallest:
            criteria |= measure.stability(partition, partial(_k_means, k=k))
        found.append(Candidate(K_MEANS, k, partition, criteria))
    return found


def mixtures(points: np.ndarray, ks: Iterable[int], smallest: float, seed: int) -> list[Candidate]:
    """Gaussian mixtures with full covariances, compared by BIC (Schwarz 1978; Fraley & Raftery 2002).

    Stability is measured of the one with the least BIC only; the others have lost already.
    """
    measure = Measure(points, seed)
    found = []
    for k in ks:
        if k * (points.shape[1] + 1) < len(measure.points):
            model = _mixture(measure.points, seed, k)
            partition = Mixture(model, np.arange(k))
            bic = {"bic": float(model.bic(measure.points.astype("float64")))}
            found.append(Candidate(MIXTURE, k, partition, bic | measure.quality(partition, smallest)))
    if found:
        best = min(range(len(found)), key=lambda position: found[position].criteria["bic"])
        winner = found[best]
        stable = measure.stability(winner.partition, partial(_mixture, k=winner.k), times=2)
        found[best] = replace(winner, criteria=winner.criteria | stable)
    return found


def densities(points: np.ndarray, smallest: float, seed: int) -> list[Candidate]:
    """HDBSCAN (Campello, Moulavi & Sander 2013) with clusters of at least the share `smallest` of the rows."""
    rows = points[draw(len(points), DENSITY_ROWS, seed)]
    measure = Measure(points, seed)
    found = []
    for min_samples in MIN_SAMPLES:
        fit = partial(_density, smallest=smallest, min_samples=min_samples)
        partition = fit(rows, seed).partition
        k = len(partition.labels)
        criteria = {"min_samples": float(min_samples)} | measure.quality(partition, smallest)
        if k > 1:
            criteria |= measure.stability(partition, fit, times=2)
        found.append(Candidate(DENSITY, k, partition, criteria))
    return found


class Measure:
    """Criteria on the same rows for every candidate, with distances computed once."""

    def __init__(self, points: np.ndarray, seed: int) -> None:
        from sklearn.metrics import pairwise_distances

        self.all, self.seed = points, seed
        self.points = points[draw(len(points), ROWS, seed)]
        self.distances = pairwise_distances(self.points)
        np.fill_diagonal(self.distances, 0)

    def quality(self, partition: Partition, smallest: float) -> dict[str, float]:
        """Silhouette (Rousseeuw 1987), Davies-Bouldin (1979), valleys between and in clusters, sizes; without noise."""
        from sklearn.metrics import davies_bouldin_score, silhouette_score

        labels = assign(partition, self.points)[0] if partition.labels else np.full(len(self.points), -1)
        members = labels >= 0
        sizes = np.bincount(labels[members], minlength=1)
        sizes = sizes[sizes > 0]
        found = {
            "smallest_share": float(sizes.min() / len(labels)) if len(sizes) else 0.0,
            "noise_share": float(1 - members.mean()),
            "silhouette": 0.0,
            "validity": 0.0,
        }
        if len(sizes) > 1:
            distances = self.distances[np.ix_(members, members)]
            found["silhouette"] = float(silhouette_score(distances, labels[members], metric="precomputed"))
            found["davies_bouldin"] = float(davies_bouldin_score(self.points[members], labels[members]))
            found["validity"] = validity(self.points, labels)
        found["inner_valley"] = falls_apart(self.points, labels, max(FEWEST, int(smallest * len(labels))))
        return found

    def stability(
        self, partition: Partition, fit: Callable[[np.ndarray, int], Any], times: int = BOOTSTRAPS
    ) -> dict[str, float]:
        """Does it come back? Mean adjusted Rand index (Hubert & Arabie 1985) with clusterings of resampled rows.

        `stability`: of bootstraps with the original (Hennig 2007). `stability_across`: of two clusterings, each of
        one half of the rows, on the half that one of them has not seen (Tibshirani & Walther 2005).
        """
        from sklearn.metrics import adjusted_rand_score

        rng = np.random.default_rng(self.seed)
        labels = assign(partition, self.points)[0]
        size = min(len(self.all), ROWS)
        agreement = []
        for _ in range(times):
            again = fit(self.all[rng.choice(len(self.all), size)], int(rng.integers(2**31)))
            agreement.append(adjusted_rand_score(labels, again.predict(self.points)))
        across = []
        for _ in range(2):
            order = rng.permutation(len(self.all))
            first, second = self.all[order[: size // 2]], self.all[order[-(size // 2) :]]
            models = [fit(half, int(rng.integers(2**31))) for half in (first, second)]
            across.append(adjusted_rand_score(models[0].predict(second), models[1].predict(second)))
        return {"stability": float(np.mean(agreement)), "stability_across": float(np.mean(across))}


def _k_means(points: np.ndarray, seed: int, k: int, starts: int = 1) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=starts, random_state=seed).fit(points)


def _mixture(points: np.ndarray, seed: int, k: int) -> Any:
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(k, reg_covar=1e-4, max_iter=60, tol=5e-3, random_state=seed)
    return model.fit(points.astype("float64"))


@dataclass(frozen=True)
class _Density:
    partition: Prototypes

    def predict(self, points: np.ndarray) -> np.ndarray:
        return assign(self.partition, points)[0] if self.partition.labels else np.full(len(points), -1)


def _density(points: np.ndarray, seed: int, smallest: float, min_samples: int) -> _Density:
    from sklearn.cluster import HDBSCAN

    fewest = max(2 * min_samples, int(smallest * len(points)))
    model = HDBSCAN(min_cluster_size=fewest, min_samples=min_samples, copy=True)
    return _Density(Prototypes.cover(points, model.fit_predict(points), seed))
