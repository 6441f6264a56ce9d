"""What clustering finds where nothing is: the yardstick for every criterion.

k-means finds k clusters in anything. So data of the same size without clusters are clustered too: uniform over the box
of the principal components (Tibshirani, Walther & Hastie 2001, the gap statistic), and one Gaussian of the same
covariance (Liu, Hayes, Nobel & Marron 2008, SigClust). What beats both has clusters. A third null shuffles every
feature by itself: what beats that has features which move together, so at least a cut is worth making.
"""

from dataclasses import dataclass

import numpy as np

GRID = (2, 3, 4, 6, 9, 13, 20)
"""The k measured; both criteria are smooth in log k, between them they are interpolated."""
DRAWS = 3
ROWS = 1_000


@dataclass(frozen=True)
class Null:
    """Per k: silhouettes to be expected without clusters and of unrelated features; the gap with its standard error.

    `noise` is the largest standard deviation of a silhouette between draws.
    """

    by_chance: dict[int, float]
    unrelated: dict[int, float]
    noise: float
    gap: dict[int, float]
    gap_error: dict[int, float]


def measure(points: np.ndarray, candidates: list[int], seed: int) -> Null:
    """points: rows × dimensions, scaled. Looks at ROWS of them, in data and nulls alike."""
    rng = np.random.default_rng(seed)
    points = points[rng.permutation(len(points))[:ROWS]].astype("float64")
    most = len(points) // 2
    grid = sorted({k for k in (*GRID, min(candidates), max(candidates)) if 1 < k <= min(most, max(candidates) * 1.5)})
    centre = points.mean(axis=0)
    axes = np.linalg.svd(points - centre, full_matrices=False)[2]
    turned = (points - centre) @ axes.T
    draws = {"box": [], "bell": [], "shuffled": []}  # type: dict[str, list[np.ndarray]]
    for _ in range(DRAWS):
        draws["box"].append(rng.uniform(turned.min(axis=0), turned.max(axis=0), turned.shape))
        draws["bell"].append(rng.normal(0, turned.std(axis=0), turned.shape))
        draws["shuffled"].append(rng.permuted(points, axis=0))
    found = {kind: np.array([_criteria(values, grid, seed) for values in drawn]) for kind, drawn in draws.items()}
    own = _criteria(points, grid, seed)

    def between(values: np.ndarray) -> dict[int, float]:
        return {k: float(np.interp(np.log(k), np.log(grid), values)) for k in candidates}

    silhouettes = {kind: values[:, 0] for kind, values in found.items()}
    box = found["box"][:, 1]
    # Three draws say little about a spread; below this the standard error is luck.
    error = np.maximum(box.std(axis=0), 0.005) * np.sqrt(1 + 1 / DRAWS)
    return Null(
        by_chance=between(np.maximum(silhouettes["box"].mean(axis=0), silhouettes["bell"].mean(axis=0))),
        unrelated=between(silhouettes["shuffled"].mean(axis=0)),
        noise=max(float(values.std(axis=0).max()) for values in silhouettes.values()),
        gap=between(box.mean(axis=0) - own[1]),
        gap_error=between(error),
    )


def _criteria(values: np.ndarray, grid: list[int], seed: int) -> np.ndarray:
    """(silhouette, log of the inertia) × k of k-means on one set of points."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import pairwise_distances, silhouette_score

    distances = pairwise_distances(values)
    np.fill_diagonal(distances, 0)
    found = []
    for k in grid:
        fitted = KMeans(k, n_init=2, max_iter=50, random_state=seed).fit(values)
        several = len(np.unique(fitted.labels_)) > 1
        silhouette = float(silhouette_score(distances, fitted.labels_, metric="precomputed")) if several else 0.0
        found.append((silhouette, float(np.log(max(fitted.inertia_, 1e-12)))))
    return np.array(found).T
