"""Train: a challenger per model, promoted by evidence or refused with the reason."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cohorte.lake import Lake
from cohorte.steps import frames, registry

if TYPE_CHECKING:
    import pandas as pd

NOISE = 0.01
"""A challenger must beat the champion out of time by more than this AUC, or silhouette, to take its place."""
SEED = 0


@dataclass(frozen=True)
class TrainResult:
    """What a training came to."""

    model: str
    version: str
    algorithm: str
    rows: int
    is_promoted: bool
    reason: str
    metrics: dict[str, float]


@dataclass(frozen=True)
class _Challenger:
    model: Any
    algorithm: str
    rows: int
    metrics: dict[str, float]
    is_better: bool
    reason: str


def train(name: str, *, lake: Lake) -> TrainResult:
    """Trains one model on what the lake knows, registers it and promotes it when it earns it.

    Raises ValueError for an unknown name or for data too thin to train on, saying what is missing.
    """
    if name not in TRAINERS:
        raise ValueError(f"no model called {name!r}; there are {', '.join(TRAINERS)}")
    snapshot, as_of = lake.snapshot(), frames.as_of(lake)
    champion = registry.champion(name, settings=lake.settings)
    challenger = TRAINERS[name](lake, champion)
    version = registry.register(
        name,
        challenger.model,
        parameters={
            "algorithm": challenger.algorithm,
            "rows": challenger.rows,
            "seed": SEED,
            "lake_snapshot": snapshot,
        },
        metrics=challenger.metrics,
        settings=lake.settings,
    )
    if challenger.is_better:
        registry.promote(name, version, settings=lake.settings)
    with lake.transaction("train", model=name, version=version):
        lake.execute(
            "insert into ml.model_version values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                name,
                version,
                challenger.algorithm,
                challenger.is_better,
                challenger.reason,
                json.dumps(challenger.metrics),
                snapshot,
                as_of,
                datetime.now(UTC).replace(tzinfo=None),
            ],
        )
    return TrainResult(
        name,
        version,
        challenger.algorithm,
        challenger.rows,
        challenger.is_better,
        challenger.reason,
        challenger.metrics,
    )


def _clusters(lake: Lake, champion: registry.Registered | None) -> _Challenger:
    from models_ml import fit_clusters

    X = frames.latest(lake, frames.BEHAVIOUR)
    model = fit_clusters(X, seed=SEED, words=frames.BEHAVIOUR)
    metrics = {"k": float(model.k), "silhouette": _silhouette(model, X)}
    if champion is None:
        better, reason = True, "the first of its kind"
    else:
        theirs = _silhouette(champion.model, X)
        metrics["champion_silhouette"] = theirs
        better, reason = _verdict("silhouette", metrics["silhouette"], theirs, champion.version)
    return _Challenger(model, model.algorithm, len(X), metrics, better, reason)


def _propensity(lake: Lake, champion: registry.Registered | None) -> _Challenger:
    from sklearn.metrics import roc_auc_score

    from models_ml import train_propensity

    frame = frames.with_outcome(lake, (*frames.PREDICTORS, *frames.SENSITIVE))
    X, y, time = frame[list(frames.PREDICTORS)], frame["redeemed"], frame["as_of_date"]
    model = train_propensity(X, y, time=time, sensitive=frame[list(frames.SENSITIVE)], seed=SEED)
    metrics = {key: float(value) for key, value in model.metrics.items() if isinstance(value, int | float)}
    if champion is None:
        better, reason = True, "the first of its kind"
    else:
        newest = time == time.max()
        theirs = float(roc_auc_score(y[newest], champion.model.predict_proba(X[newest])))
        metrics["champion_auc"] = theirs
        better, reason = _verdict("AUC out of time", metrics["auc"], theirs, champion.version)
    return _Challenger(model, model.algorithm, len(X), metrics, better, reason)


def _verdict(what: str, ours: float, theirs: float, version: str) -> tuple[bool, str]:
    comparison = f"{what} {ours:.3f} against {theirs:.3f} of version {version}"
    if ours > theirs + NOISE:
        return True, comparison
    return False, f"{comparison}: not better by more than {NOISE}"


def _silhouette(model: Any, X: "pd.DataFrame") -> float:
    """Mean silhouette of the model's own assignment, in the model's own space, on at most 5,000 customers."""
    from sklearn.metrics import silhouette_score

    labels = model.assign(X)
    if len(set(labels)) < 2:
        return 0.0
    return float(silhouette_score(model.transform(X), labels, sample_size=min(5_000, len(X)), random_state=SEED))


TRAINERS: dict[str, Callable[[Lake, registry.Registered | None], _Challenger]] = {
    "customer_clusters": _clusters,
    "coupon_propensity": _propensity,
}
