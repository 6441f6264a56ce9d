"""Are there valleys between the clusters? The one question that can be put to every algorithm alike."""

import numpy as np

NEIGHBOURS = 5
ROWS = 3_000
WINDOW = 0.125
"""Half the width in which a density is counted, as a share of the line between two halves."""


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


def falls_apart(points: np.ndarray, labels: np.ndarray, fewest: int) -> float:
    """How deep the valley through the middle of a cluster is: density there over that of its sparser half.

    The deepest of all clusters is returned. About 1 or more for a cluster that is one, near 0 for two that were taken
    for one. Each cluster is cut by 2-means and looked at along the line between its halves, as in G-means (Hamerly &
    Elkan 2003), which tests the same line for one normal; a density of any one-peaked shape passes here. Halves of
    less than `fewest` rows do not count. 1 when nothing can be cut.
    """
    from sklearn.cluster import KMeans

    deepest = 1.0
    for label in np.unique(labels[labels >= 0]):
        mine = points[labels == label]
        if len(mine) < 2 * fewest:
            continue
        halves = KMeans(2, n_init=2, random_state=0).fit(mine)
        if np.bincount(halves.labels_, minlength=2).min() < fewest:
            continue
        one, other = halves.cluster_centers_.astype("float64")
        line = other - one
        along = (mine - one) @ line / max(float(line @ line), 1e-12)
        at = [int((np.abs(along - place) < WINDOW).sum()) for place in (0.0, 0.5, 1.0)]
        deepest = min(deepest, at[1] / max(min(at[0], at[2]), 1))
    return deepest


def _to_neighbours(points: np.ndarray) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    count = min(NEIGHBOURS, len(points) - 1)
    return NearestNeighbors(n_neighbors=count).fit(points).kneighbors()[0][:, -1]


def _to_nearest(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=1).fit(others).kneighbors(points)[0][:, 0]
