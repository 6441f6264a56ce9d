"""How a clustering is kept for scoring: by prototypes (k-means, density clusters) or as a mixture of Gaussians.

Both answer the same two questions of any row: which label, and how near is it to each.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

BLOCK = 65_536
"""Rows scored at a time, so that memory does not grow with their number."""


class Partition(Protocol):
    """Labels of rows in the clustering space. `labels` are those it can give, ascending, without noise."""

    @property
    def labels(self) -> list[int]: ...

    def cost(self, points: np.ndarray) -> np.ndarray:
        """rows × labels: how far a row is from each label, in the order of `labels`."""
        ...

    def is_noise(self, points: np.ndarray, cost: np.ndarray) -> np.ndarray:
        """Whether each row belongs to no cluster at all."""
        ...

    def confidence(self, cost: np.ndarray) -> np.ndarray:
        """How clear the assignment of each row is, 0 to 1."""
        ...

    def relabelled(self, new: dict[int, int]) -> "Partition": ...


@dataclass(frozen=True)
class Prototypes:
    """Points that stand for clusters. k-means has one a cluster; a cluster of any shape is covered by several.

    `reach` is how far from a prototype its cluster goes; beyond every reach a row is noise. None: it goes anywhere.
    """

    points: np.ndarray
    owner: np.ndarray
    reach: np.ndarray | None = None

    @property
    def labels(self) -> list[int]:
        return sorted({int(label) for label in self.owner})

    def cost(self, points: np.ndarray) -> np.ndarray:
        """Distance to the nearest prototype of each label."""
        distance = _distances(points, self.points)
        return np.column_stack([distance[:, self.owner == label].min(axis=1) for label in self.labels])

    def is_noise(self, points: np.ndarray, cost: np.ndarray) -> np.ndarray:
        if self.reach is None:
            return np.zeros(len(points), dtype=bool)
        return np.asarray((_distances(points, self.points) > self.reach).all(axis=1))

    def confidence(self, cost: np.ndarray) -> np.ndarray:
        """One minus nearest over second-nearest distance; 1 where there is one cluster."""
        if cost.shape[1] == 1:
            return np.ones(len(cost))
        nearest = np.partition(cost, 1, axis=1)[:, :2].astype("float64")
        return 1 - nearest[:, 0] / np.maximum(nearest[:, 1], 1e-12)

    def relabelled(self, new: dict[int, int]) -> "Prototypes":
        return replace(self, owner=np.array([new[int(label)] for label in self.owner]))

    @classmethod
    def cover(cls, points: np.ndarray, labels: np.ndarray, seed: int, each: int = 40) -> "Prototypes":
        """Covers clusters of any shape with up to `each` prototypes apiece; rows labelled -1 are noise."""
        from sklearn.cluster import KMeans

        prototypes, owner, reach = [], [], []
        for label in sorted(set(labels[labels >= 0].tolist())):
            members = points[labels == label]
            cover = KMeans(min(each, max(1, len(members) // 5)), n_init=1, random_state=seed).fit(members)
            distance = np.linalg.norm(members - cover.cluster_centers_[cover.labels_], axis=1)
            typical = float(np.quantile(distance, 0.99))
            for position in range(len(cover.cluster_centers_)):
                mine = distance[cover.labels_ == position]
                prototypes.append(cover.cluster_centers_[position])
                owner.append(label)
                reach.append(max(1.2 * float(mine.max()), typical))
        return cls(np.array(prototypes, "float32"), np.array(owner), np.array(reach, "float32"))


@dataclass(frozen=True)
class Mixture:
    """Gaussians, each a cluster with its own shape; a row belongs to the likeliest."""

    model: Any
    owner: np.ndarray

    @property
    def labels(self) -> list[int]:
        return sorted(int(label) for label in self.owner)

    def cost(self, points: np.ndarray) -> np.ndarray:
        """One minus the posterior probability of each label."""
        return 1 - self.model.predict_proba(points)[:, np.argsort(self.owner)]

    def is_noise(self, points: np.ndarray, cost: np.ndarray) -> np.ndarray:
        return np.zeros(len(points), dtype=bool)

    def confidence(self, cost: np.ndarray) -> np.ndarray:
        """The posterior probability of the likeliest label."""
        return 1 - cost.min(axis=1)

    def relabelled(self, new: dict[int, int]) -> "Mixture":
        return replace(self, owner=np.array([new[int(label)] for label in self.owner]))


def assign(partition: Partition, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(label, confidence) of each row, block by block; noise is -1 with confidence 0."""
    label = np.empty(len(points), dtype=int)
    confidence = np.empty(len(points))
    names = np.array(partition.labels)
    for start in range(0, len(points), BLOCK):
        block = slice(start, start + BLOCK)
        cost = partition.cost(points[block])
        noise = partition.is_noise(points[block], cost)
        label[block] = np.where(noise, -1, names[cost.argmin(axis=1)])
        confidence[block] = np.where(noise, 0.0, partition.confidence(cost))
    return label, confidence


def _distances(points: np.ndarray, prototypes: np.ndarray) -> np.ndarray:
    """Euclidean, rows × prototypes: |x|² - 2xc + |c|², one matrix product."""
    squares = np.einsum("ij,ij->i", points, points)[:, None] + np.einsum("ij,ij->i", prototypes, prototypes)
    return np.sqrt(np.maximum(squares - 2 * (points @ prototypes.T), 0))
