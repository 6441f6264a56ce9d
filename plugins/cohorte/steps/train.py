"""Train: a challenger per model, promoted by evidence or refused with the reason."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cohorte import clock
from cohorte.lake import Lake
from cohorte.settings import ROOT
from cohorte.steps import drift, frames, registry
from cohorte.steps.audit import Audited, judge, store
from cohorte.waivers import Waivers

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from models_ml.drift import DriftReport

NOISE = 0.01
"""Silhouette by which new clusters must beat the champion's. A propensity must win by half of its AUC's interval."""
SEED = 0
AUDITED_SHARE = 0.2
"""The part of the customers with the highest scores that is audited."""

log = logging.getLogger(__name__)


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
    fingerprint: str
    """Of what the model says of the rows it learnt from: two models with the same one are the same."""
    reference: dict[str, Any]
    moved: "DriftReport | None"
    """How far the newest customers are from those before; None for the first clusters, which have nothing before."""
    audited: Audited | None = None


def train(name: str, *, lake: Lake) -> TrainResult:
    """Trains one model on what the lake knows, audits and registers it, and promotes it when it earns it.

    Raises ValueError for an unknown name or for data too thin to train on, saying what is missing.
    """
    if name not in TRAINERS:
        raise ValueError(f"no model called {name!r}; there are {', '.join(TRAINERS)}")
    snapshot, as_of = lake.snapshot(), frames.as_of(lake)
    waivers = Waivers.read(clock.today(lake.settings))
    champion = _champion(name, lake)
    challenger = TRAINERS[name](lake, champion, waivers)
    audited = challenger.audited
    is_promoted, reason = challenger.is_better, challenger.reason
    if audited is not None and audited.blocking:
        is_promoted = False
        reason = f"the audit refuses it: {'; '.join(audited.blocking)} ({reason})"
    parameters = {
        "algorithm": challenger.algorithm,
        "rows": challenger.rows,
        "seed": SEED,
        "lake_snapshot": snapshot,
        "as_of_date": as_of,
        "code_revision": code_revision(),
        "against_version": champion.version if champion else "",
        "fingerprint": challenger.fingerprint,
    }
    card = challenger.model.card.with_facts(parameters | {"verdict": reason})
    if challenger.moved is not None:
        card = card.with_drift(challenger.moved)
    version = registry.register(
        name,
        challenger.model,
        parameters=parameters,
        metrics=challenger.metrics,
        card=(card.with_audit(audited.report) if audited else card).html(),
        reference=challenger.reference,
        settings=lake.settings,
    )
    if is_promoted:
        registry.promote(name, version, settings=lake.settings)
    with lake.transaction("train", model=name, version=version):
        if audited is not None:
            store(audited, waivers, lake=lake, version=version)
        lake.execute(
            "insert into ml.model_version values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                name,
                version,
                challenger.algorithm,
                is_promoted,
                reason,
                json.dumps(challenger.metrics),
                snapshot,
                as_of,
                datetime.now(UTC).replace(tzinfo=None),
            ],
        )
    return TrainResult(name, version, challenger.algorithm, challenger.rows, is_promoted, reason, challenger.metrics)


def rollback(name: str, *, version: str | None = None, lake: Lake) -> str:
    """Makes an earlier version the champion again (default: the one promoted before); returns its number.

    Raises ValueError when there is none.
    """
    promoted = [
        known
        for (known,) in lake.rows(
            "select version from ml.model_version where model = ? and is_promoted order by trained_at desc", [name]
        )
    ]
    current = registry.champion_version(name, settings=lake.settings)
    if version is None:
        older = promoted[promoted.index(current) + 1 :] if current in promoted else []
        if not older:
            raise ValueError(f"model {name} has no version promoted before {current}: name one with --version")
        version = older[0]
    registry.promote(name, version, settings=lake.settings)
    return version


def reproduce(name: str, version: str, *, lake: Lake) -> tuple[str, str]:
    """Trains a version again from the same snapshot, seed and parameters: its fingerprint as recorded, and now.

    Raises ValueError when the version is unknown or was stored without a fingerprint, RuntimeError when the snapshot
    has expired (`maintain_lake` keeps 30 days).
    """
    known = registry.load(name, version, settings=lake.settings)
    if "fingerprint" not in known.parameters:
        raise ValueError(f"model {name} version {version} was stored without a fingerprint: it cannot be compared")
    against = known.parameters["against_version"]
    champion = registry.load(name, against, settings=lake.settings) if against else None
    with Lake.open(lake.settings, at_snapshot=int(known.parameters["lake_snapshot"])) as then:
        again = TRAINERS[name](then, champion, Waivers.read(clock.today(lake.settings)))
    return known.parameters["fingerprint"], again.fingerprint


def code_revision() -> str:
    """The commit the code is at, `+` when files differ from it; "unknown" outside a repository."""
    import subprocess

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
        return done.stdout.strip()

    try:
        return (
            git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
        ) or "unknown"
    except FileNotFoundError:
        return "unknown"


def _champion(name: str, lake: Lake) -> registry.Registered | None:
    """The champion to beat; one that this version of the code cannot read is none."""
    try:
        return registry.champion(name, settings=lake.settings)
    except registry.UnreadableModelError as error:
        log.warning("%s", error)
        return None


def _clusters(lake: Lake, champion: registry.Registered | None, waivers: Waivers) -> _Challenger:
    from models_ml import fit_clusters

    X = frames.latest(lake, frames.BEHAVIOUR)
    previous = champion.model if champion else None
    # k-means, whatever shape is there: the segments are for talking to everybody, so each customer must be in one.
    model = fit_clusters(X, algorithm="k-means", seed=SEED, words=frames.BEHAVIOUR, previous=previous)
    metrics = {"k": float(model.k), "silhouette": _silhouette(model, X)}
    if champion is None:
        better, reason = True, "the first of its kind"
    else:
        theirs = _silhouette(champion.model, X)
        metrics["champion_silhouette"] = theirs
        better, reason = _verdict("silhouette", metrics["silhouette"], theirs, champion.version)
    fingerprint = _fingerprint(model.labels_, model.transform(X))
    moved = drift.since(champion.reference, X) if champion and champion.reference else None
    return _Challenger(model, model.algorithm, len(X), metrics, better, reason, fingerprint, drift.reference(X), moved)


def _propensity(lake: Lake, champion: registry.Registered | None, waivers: Waivers) -> _Challenger:
    import numpy as np
    import pandas as pd
    from sklearn.metrics import roc_auc_score

    from models_ml import train_propensity

    frame = frames.with_outcome(lake, (*frames.PREDICTORS, *frames.SENSITIVE))
    X, y, time = frame[list(frames.PREDICTORS)], frame["redeemed"], pd.to_datetime(frame["as_of_date"])
    attributes = frame[list(frames.SENSITIVE)]
    model = train_propensity(X, y, time=time, sensitive=attributes, seed=SEED, horizon=frames.HORIZON)
    metrics = dict(model.metrics)
    newest = (time == time.max()).to_numpy()
    if champion is None:
        better, reason = True, "the first of its kind"
    else:
        # What the champion has learnt from it cannot be tested on: then its own word from before it had is compared.
        has_seen = champion.model.trained_until >= time.max()
        theirs = (
            champion.model.metrics["auc"]
            if has_seen
            else float(roc_auc_score(y[newest], champion.model.predict_proba(X[newest])))
        )
        metrics["champion_auc"] = theirs
        noise = (metrics["auc_high"] - metrics["auc_low"]) / 2
        better, reason = _verdict("AUC out of time", metrics["auc"], theirs, champion.version, noise)
    probability = model.predict_proba(X[newest])
    selected = probability >= np.quantile(probability, 1 - AUDITED_SHARE)
    audited = judge("coupon_propensity", selected, attributes[newest], waivers)
    today = frames.latest(lake, frames.PREDICTORS)
    reference = drift.reference(today, model.predict_proba(today))
    fingerprint = _fingerprint(model.predict_proba(X))
    moved = drift.since(drift.reference(X[~newest]), X[newest])
    return _Challenger(model, model.algorithm, len(X), metrics, better, reason, fingerprint, reference, moved, audited)


def _verdict(what: str, ours: float, theirs: float, version: str, noise: float = NOISE) -> tuple[bool, str]:
    comparison = f"{what} {ours:.3f} against {theirs:.3f} of version {version}"
    if ours > theirs + noise:
        return True, comparison
    return False, f"{comparison}: not better by more than {noise:.3f}"


def _fingerprint(*answers: "np.ndarray") -> str:
    import hashlib

    return hashlib.sha256(b"".join(array.tobytes() for array in answers)).hexdigest()


def _silhouette(model: Any, X: "pd.DataFrame") -> float:
    """Mean silhouette of the model's own assignment, in the model's own space, on at most 5,000 customers."""
    from sklearn.metrics import silhouette_score

    labels = model.assign(X)
    if len(set(labels)) < 2:
        return 0.0
    return float(silhouette_score(model.transform(X), labels, sample_size=min(5_000, len(X)), random_state=SEED))


TRAINERS: dict[str, Callable[[Lake, registry.Registered | None, Waivers], _Challenger]] = {
    "customer_clusters": _clusters,
    "coupon_propensity": _propensity,
}
