"""Niches: groups too small for a segment of their own, but unlike everyone around them.

Leaves of the density hierarchy (HDBSCAN, Campello, Moulavi & Sander 2013) are plenty even in noise. One is believed
when there is a valley around it: outsiders are further from its members than its members are from each other.
"""

from dataclasses import dataclass

import numpy as np

from models_ml.clustering.density import contrast
from models_ml.clustering.partitions import Prototypes
from models_ml.repeatable import draw

SMALLEST_SHARE = 0.0025
FEWEST = 8
"""Rows of the sample below which a group is an accident."""
VALLEY = (1.4, 1.2)
"""Contrast asked for, of the median member and of nine in ten. In noise, leaves of FEWEST rows stay below 1.3."""
ROWS = 10_000
FAR = 0.95
"""Quantile of the distance to the base from which a niche is far."""
DENSE = 0.5
"""Part of the usual distance between neighbours below which a niche is dense."""


@dataclass(frozen=True)
class Niche:
    """One niche of the sample: its rows (positions), what is unusual about its place, and how deep the valley is."""

    rows: np.ndarray
    kind: str
    contrast: float


def find(points: np.ndarray, largest: float, seed: int) -> list[Niche]:
    """Niches among the rows, strongest first. largest: share of the rows from which a group is a segment, no niche."""
    from sklearn.cluster import HDBSCAN
    from sklearn.neighbors import NearestNeighbors

    rows = draw(len(points), ROWS, seed)
    seen = points[rows]
    fewest = max(FEWEST, int(SMALLEST_SHARE * len(seen)))
    if len(seen) < 10 * fewest:
        return []
    model = HDBSCAN(min_cluster_size=fewest, min_samples=5, cluster_selection_method="leaf", copy=True)
    leaves = model.fit_predict(seen)
    from_base = np.linalg.norm(seen - np.median(seen, axis=0), axis=1)
    usual = float(np.median(NearestNeighbors(n_neighbors=5).fit(seen).kneighbors()[0][:, -1]))
    found = []
    for leaf in range(leaves.max() + 1):
        members = leaves == leaf
        if members.mean() >= largest:
            continue
        median, tenth = contrast(seen[members], seen[~members])
        if median < VALLEY[0] or tenth < VALLEY[1]:
            continue
        inner = float(np.median(NearestNeighbors(n_neighbors=5).fit(seen[members]).kneighbors()[0][:, -1]))
        if np.median(from_base[members]) > np.quantile(from_base, FAR):
            kind = "far"
        else:
            kind = "dense" if inner < DENSE * usual else "atypical"
        found.append(Niche(rows[members], kind, median))
    return sorted(found, key=lambda niche: (-niche.contrast, int(niche.rows[0])))


def prototypes(points: np.ndarray, niches: list[Niche], seed: int) -> Prototypes | None:
    """What tells whether any row is in one of the niches; None when there are none."""
    if not niches:
        return None
    rows = np.concatenate([niche.rows for niche in niches])
    labels = np.concatenate([np.full(len(niche.rows), number) for number, niche in enumerate(niches)])
    return Prototypes.cover(points[rows], labels, seed, each=3)
