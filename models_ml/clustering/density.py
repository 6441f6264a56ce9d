"""Are there valleys between the clusters? The one question that can be put to every algorithm alike."""

import numpy as np

NEIGHBOURS = 5
ROWS = 3_000


def contrast(points: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """Distance from a group to the nearest outsider over the distance between its own neighbours: (median, 10 %).

    Above 1 there is a valley around the group; inside a crowd it is below. points, others: rows × dimensions.
    """
    own = _to_neighbours(points)
    out = _to_nearest(points, others)
    typical = max(float(np.median(own)), 1e-9)
    return float(np.median(out)) / typical, float(np.quantile(out, 0.1)) / typical


def validity(points: np.ndarray, labels: np.ndarray) -> float:
    """-1 to 1: positive where clusters are further apart than their members are from each other.

    Per cluster (separation - sparseness) / max of both, weighted by size, noise counting as nothing: the index of
    Moulavi et al. (2014, DBCV), with quantiles of neighbour distances in place of spanning-tree extremes, which one
    stray row would decide.
    """
    total = 0.0
    members = labels >= 0
    found = sorted(set(labels[members].tolist()))
    if len(found) < 2:
        return 0.0
    for label in found:
        mine = points[labels == label]
        if len(mine) <= 2:
            continue
        sparseness = float(np.quantile(_to_neighbours(mine), 0.95))
        separation = float(np.quantile(_to_nearest(mine, points[members & (labels != label)]), 0.02))
        total += len(mine) * (separation - sparseness) / max(separation, sparseness, 1e-12)
    return total / len(points)


def _to_neighbours(points: np.ndarray) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    count = min(NEIGHBOURS, len(points) - 1)
    return NearestNeighbors(n_neighbors=count).fit(points).kneighbors()[0][:, -1]


def _to_nearest(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=1).fit(others).kneighbors(points)[0][:, 0]
