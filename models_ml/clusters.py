"""Customer clusters: how many there are, what they are, who is in which, and why.

The number is chosen by evidence, against data without clusters (`clustering.nulls`), among clusterings that come back
under resampling (`clustering.candidates`); the reason each other candidate lost is kept (`clustering.choice`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models_ml.clustering import candidates, niches, nulls
from models_ml.clustering.choice import Choice, choose
from models_ml.clustering.describe import Description, describe
from models_ml.clustering.matching import match
from models_ml.clustering.partitions import BLOCK, Partition, Prototypes, assign
from models_ml.clustering.reduction import Reduction
from models_ml.clustering.scaling import Scaler
from models_ml.frame import as_frame
from models_ml.repeatable import draw, repeatable

if TYPE_CHECKING:
    from models_ml.cards import ModelCard

KS = range(2, 21)
ROWS_A_CLUSTER = 10
"""Rows per cluster below which a k is not tried."""
SMALLEST_SHARE = 0.02
"""A cluster with fewer of the customers than this is no segment; it may be a niche."""
ISOLATED = 0.995
"""Quantile of the distance to neighbours beyond which a row takes no part in choosing; it is assigned all the same."""
MARGIN = 0.1
"""Part by which another cluster must be nearer before a customer moves to it."""


@dataclass(frozen=True)
class ClusterModel:
    """Fitted clusters. `labels_`: one integer a training row, -1 for noise; larger clusters have smaller labels.

    `selection`: one row per candidate, every criterion, why it lost. `structure`: "clear" (real clusters), "weak" (a
    useful cut through a continuum) or "none" (one cluster). `niches`: small groups beside the clusters. `events`: what
    became of the clusters of the model before. `names`: plain name by label. `dropped`: features left out, and why.
    """

    labels_: np.ndarray = field(repr=False)
    algorithm: str
    structure: str
    names: dict[int, str]
    selection: pd.DataFrame = field(repr=False)
    niches: pd.DataFrame = field(repr=False)
    events: pd.DataFrame = field(repr=False)
    dropped: dict[str, str] = field(repr=False)
    scaler: Scaler = field(repr=False)
    reduction: Reduction = field(repr=False)
    partition: Partition = field(repr=False)
    niche_prototypes: Prototypes | None = field(repr=False)
    description: Description = field(repr=False)
    next_label: int = field(repr=False)

    @property
    def k(self) -> int:
        """Clusters, noise not counted."""
        return len(self.partition.labels)

    @property
    def feature_names_in_(self) -> list[str]:
        """Columns X must have when it is assigned."""
        return self.scaler.feature_names_in_

    @property
    def card(self) -> "ModelCard":
        """What this model is, on one HTML page with pictures."""
        from models_ml.cards import cluster_card

        return cluster_card(self)

    def transform(self, X: Any) -> np.ndarray:
        """The space the clusters live in: rows of X × dimensions, float32."""
        return self.reduction.transform(self.scaler.transform(X))

    def assign(self, X: Any, *, previous: Any = None, margin: float = MARGIN) -> np.ndarray:
        """Label of each row, one integer a row, -1 for noise. Raises ValueError for a missing or non-numeric column.

        previous: the label each row had (missing where it had none): it keeps it unless another cluster is nearer by
        the part `margin`, so that nobody moves back and forth across a border.
        """
        points = self.transform(X)
        labels, _ = assign(self.partition, points)
        if previous is None:
            return labels
        before = pd.to_numeric(pd.Series(np.asarray(previous)), errors="coerce").fillna(-1).to_numpy().astype(int)
        if len(before) != len(labels):
            raise ValueError(f"previous has {len(before)} labels for {len(labels)} rows of X; give one a row")
        names = np.array(self.partition.labels)
        for start in range(0, len(points), BLOCK):
            block = slice(start, start + BLOCK)
            cost = self.partition.cost(points[block])
            was = np.isin(before[block], names) & (labels[block] >= 0)
            old = np.searchsorted(names, np.where(was, before[block], names[0]))
            stays = was & (cost.min(axis=1) >= (1 - margin) * cost[np.arange(len(cost)), old])
            labels[block] = np.where(stays, before[block], labels[block])
        return labels

    def confidence(self, X: Any) -> np.ndarray:
        """How clear the assignment of each row is, 0 to 1; 0 for noise, 1 where there is one cluster.

        k-means and density clusters: one minus nearest over second-nearest distance. Mixtures: posterior probability.
        """
        return assign(self.partition, self.transform(X))[1]

    def assign_niches(self, X: Any) -> np.ndarray:
        """Number of the niche each row is in (`niches`), -1 for most."""
        points = self.transform(X)
        if self.niche_prototypes is None:
            return np.full(len(points), -1)
        return assign(self.niche_prototypes, points)[0]

    def profile(self) -> pd.DataFrame:
        """One row per cluster and feature: label, name, size, share, feature, mean, base, effect.

        mean and base (of all customers) are in the feature's own unit. effect: standard deviations from the base, in
        the scaled space (Cohen's d against the base); 0.2 is small, 0.8 large.
        """
        table = self.description.table
        names = pd.Series(table["label"]).map(self.names)
        return table.assign(name=names)[["label", "name", "size", "share", "feature", "mean", "base", "effect"]]

    def explain(self, customer: Any) -> dict[str, Any]:
        """Why a customer is where they are. customer: a frame of one row, a Series or a mapping.

        Returns label, name, confidence, next_best (name of the nearest other cluster), niche (name or None), reasons:
        up to five features in words, strongest first, that speak for this cluster rather than for the next best.
        """
        row = customer if isinstance(customer, pd.DataFrame) else pd.DataFrame([dict(customer)])
        if len(row) != 1:
            raise ValueError(f"explain takes one customer, this frame has {len(row)} rows")
        points = self.transform(row)
        label, confidence = assign(self.partition, points)
        own = int(label[0])
        ranked = np.array(self.partition.labels)[np.argsort(self.partition.cost(points)[0], kind="stable")]
        other = next((int(rival) for rival in ranked if rival != own), None)
        niche = int(self.assign_niches(row)[0])
        return {
            "label": own,
            "name": self.names[own],
            "confidence": float(confidence[0]),
            "next_best": None if other is None else self.names[other],
            "niche": None if niche < 0 else str(self.niches.loc[niche, "name"]),
            "reasons": self.description.reasons(row, self.scaler.transform(row)[0], own, other),
        }


def fit_clusters(
    X: Any,
    *,
    k: int | str = "auto",
    algorithm: str = "auto",
    scaling: str = "auto",
    sample: int = 10_000,
    seed: int = 0,
    smallest: float = SMALLEST_SHARE,
    words: Mapping[str, tuple[str, str]] | None = None,
    previous: ClusterModel | None = None,
) -> ClusterModel:
    """Finds the groups in X: a frame of numbers, one row a customer. The same X and seed give the same bytes.

    k: a number, or "auto". algorithm: "auto", "k-means", "gaussian mixture" or "hdbscan" (which finds its own k).
    scaling: "auto" (by the skew of each feature), "z-score", "min-max", "robust" or "log". sample: rows the evidence
    is measured on; all rows are assigned. smallest: share of the customers a cluster must have. words: per feature
    what to call a cluster that is low in it, and one that is high. previous: the model before; labels continue from it.

    Missing values are taken as the median and infinite ones as missing; constant, empty and duplicate columns are
    left out (`dropped`). Raises ValueError for a column that is not numeric, for no column that varies, for fewer rows
    than clusters (or fewer than 20), for an unknown algorithm or scaling; TypeError for X that is no frame.
    """
    frame = as_frame(X)
    ks = _candidates(k, algorithm, len(frame))
    with repeatable(len(frame)):
        scaler = Scaler.fit(frame, scaling, seed)
        scaled = scaler.transform(frame)
        reduction = Reduction.fit(scaled, scaler.kept, seed)
        points = reduction.transform(scaled)
        rows = draw(len(points), sample, seed)
        found = niches.find(points[rows], smallest, seed) if k == "auto" else []
        core = _core(points[rows], found)
    with repeatable(len(core)):
        choice = _choose(core, ks, algorithm, smallest, seed, is_k_given=k != "auto")
    with repeatable(len(frame)):
        partition = _settle(choice, points, ks, seed)
        labels, _ = assign(partition, points)
        next_label = max(partition.labels) + 1
        order = sorted(partition.labels, key=lambda label: (-int((labels == label).sum()), label))
        given = {label: position for position, label in enumerate(order)}
        events = pd.DataFrame(columns=["event", "label", "other", "overlap", "customers"])
        if previous is not None:
            next_label = max(previous.next_label, next_label)
            given, events = match(labels, previous.assign(frame), previous.next_label)
            next_label = max(next_label, max(given.values()) + 1)
        partition = partition.relabelled(given)
        labels, _ = assign(partition, points)
        niche_prototypes = niches.prototypes(points[rows], found, seed)
        in_niche = assign(niche_prototypes, points)[0] if niche_prototypes else np.full(len(points), -1)
    description = describe(frame, scaler, scaled, labels, words or {})
    model = ClusterModel(
        labels_=labels,
        algorithm=choice.winner.algorithm if choice.winner else candidates.K_MEANS,
        structure=choice.structure,
        names=_names(description, previous, events),
        selection=choice.selection,
        niches=pd.DataFrame(),
        events=events,
        dropped=scaler.dropped | reduction.dropped,
        scaler=scaler,
        reduction=reduction,
        partition=partition,
        niche_prototypes=niche_prototypes,
        description=description,
        next_label=next_label,
    )
    return replace(model, niches=_niche_table(found, describe(frame, scaler, scaled, in_niche, words or {})))


def _candidates(k: int | str, algorithm: str, rows: int) -> list[int]:
    if algorithm not in ("auto", *candidates.ALGORITHMS):
        raise ValueError(f"no algorithm called {algorithm!r}; there are auto, {', '.join(candidates.ALGORITHMS)}")
    if k == "auto":
        ks = [candidate for candidate in KS if candidate * ROWS_A_CLUSTER <= rows]
        if not ks:
            raise ValueError(f"{rows} rows are too few for any choice of clusters: at least {2 * ROWS_A_CLUSTER}")
        return ks
    if isinstance(k, str) or int(k) != k or k < 1:
        raise ValueError(f'k is {k!r}; give a whole number from 1, or "auto"')
    if algorithm == candidates.DENSITY:
        raise ValueError('hdbscan finds its own number of clusters; use k="auto" with it')
    if rows < k:
        raise ValueError(f"{rows} rows are too few for {k} clusters")
    return [int(k)]


def _core(sample: np.ndarray, found: list[niches.Niche]) -> np.ndarray:
    """The rows that choose: without niches, and without the loneliest, which would take a cluster for themselves."""
    from sklearn.neighbors import NearestNeighbors

    keep = np.ones(len(sample), dtype=bool)
    for niche in found:
        keep[niche.rows] = False
    core = sample[keep]
    if len(core) < 1_000:
        return core
    lonely = NearestNeighbors(n_neighbors=5).fit(core).kneighbors()[0][:, -1]
    return core[lonely <= np.quantile(lonely, ISOLATED)]


def _choose(core: np.ndarray, ks: list[int], algorithm: str, smallest: float, seed: int, *, is_k_given: bool) -> Choice:
    tried: list[candidates.Candidate] = []
    noise = 0.0
    if ks == [1]:
        return choose([], smallest=smallest, noise=noise, is_k_given=True)
    if algorithm in ("auto", candidates.K_MEANS):
        null = nulls.measure(core, ks, seed)
        noise = null.noise
        tried += candidates.k_means(core, ks, null, smallest, seed)
    if algorithm in ("auto", candidates.MIXTURE):
        of_interest = ks if is_k_given else [1, *(c for c in candidates.MIXTURE_KS if c in ks)]
        tried += candidates.mixtures(core, of_interest, smallest, seed)
    if algorithm == candidates.DENSITY or (algorithm == "auto" and not is_k_given):
        tried += candidates.densities(core, smallest, seed)
    return choose(tried, smallest=smallest, noise=noise, is_k_given=is_k_given)


def _settle(choice: Choice, points: np.ndarray, ks: list[int], seed: int) -> Partition:
    """The winner, fitted on all rows where that is cheap: k-means starts from the centres of the sample."""
    from sklearn.cluster import KMeans

    if choice.winner is None:
        return Prototypes(points.mean(axis=0, dtype="float64").astype("float32")[None, :], np.zeros(1, dtype=int))
    partition = choice.winner.partition
    if choice.winner.algorithm != candidates.K_MEANS or not isinstance(partition, Prototypes):
        return partition
    fitted = KMeans(len(partition.points), init=partition.points, n_init=1, max_iter=100, random_state=seed).fit(points)
    return Prototypes(fitted.cluster_centers_.astype("float32"), np.arange(len(partition.points)))


def _names(description: Description, previous: ClusterModel | None, events: pd.DataFrame) -> dict[int, str]:
    """A name per label; a cluster that was kept keeps its name, so that segments stay the segments people know."""
    kept = (
        {}
        if previous is None
        else {int(label): previous.names[int(label)] for label in events.loc[events["event"] == "kept", "label"]}
    )
    names: dict[int, str] = dict(kept)
    for label in description.labels:
        if label == -1:
            names[label] = "unlike the others"
        elif label not in names:
            names[label] = "all customers" if len(description.labels) == 1 else description.name(label, names.values())
    return dict(sorted(names.items()))


def _niche_table(found: list[niches.Niche], description: Description) -> pd.DataFrame:
    """One row per niche: niche, name, kind, size, share, contrast, differences (the strongest three, in words)."""
    rows = []
    names: list[str] = []
    for number, niche in enumerate(found):
        if number not in description.labels:
            continue
        names.append(description.name(number, names))
        size, share = description.size(number)
        rows.append(
            {
                "niche": number,
                "name": names[-1],
                "kind": niche.kind,
                "size": size,
                "share": share,
                "contrast": niche.contrast,
                "differences": description.differences(number),
            }
        )
    columns = ["niche", "name", "kind", "size", "share", "contrast", "differences"]
    return pd.DataFrame(rows, columns=columns).set_index("niche", drop=False)
