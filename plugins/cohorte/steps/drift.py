"""Drift: do the customers a champion scores today still look like those it was trained for? Into ml.drift_result.

And once a month's outcomes are in: has what it said of that month come true?
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cohorte.lake import Lake
from cohorte.steps import frames, registry

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from models_ml.drift import DriftReport

MODELS = {"customer_clusters": tuple(frames.BEHAVIOUR), "coupon_propensity": frames.PREDICTORS}
GROWS = ("tenure_days",)
"""Features that move with the calendar: to drift is their nature."""
SCORE = "score"


def reference(X: "pd.DataFrame", scores: "np.ndarray | None" = None) -> dict[str, Any]:
    """What customers and scores look like when a model is trained, to be stored with it."""
    from models_ml.drift import Reference

    return Reference.of(_watched(X, scores)).to_dict()


def since(before: Mapping[str, Any], X: "pd.DataFrame") -> "DriftReport":
    """Customers against a stored reference."""
    from models_ml.drift import Reference, compare

    return compare(Reference.from_dict(before), _watched(X, None))


def check_drift(*, lake: Lake) -> tuple[str, ...]:
    """Looks at every champion; returns the models that have drifted and had not at the look before."""
    newly = []
    for name, columns in MODELS.items():
        champion = registry.champion(name, settings=lake.settings)
        if champion is None or not champion.reference:
            continue
        X = frames.latest(lake, columns)
        scores = champion.model.predict_proba(X) if hasattr(champion.model, "predict_proba") else None
        before = lake.value(
            "select bool_or(is_drifted) from ml.drift_result where model = ? and version = ?", [name, champion.version]
        )
        if _look(champion, _watched(X, scores), lake) and not before:
            newly.append(name)
    return tuple(newly)


def came_true(champion: registry.Registered, lake: Lake) -> "DriftReport | None":
    """What the champion says of the months it has not learnt from, against what happened; None for other models."""
    from models_ml.drift import compare_outcomes

    until = getattr(champion.model, "trained_until", None)
    if until is None:
        return None
    since = frames.with_outcome(lake, frames.PREDICTORS, after=until.date())
    X = since[list(frames.PREDICTORS)]
    scores = champion.model.predict_proba(X) if len(X) else []
    # Calibrated on the newer half of what it learnt from (docs/adr/0007).
    return compare_outcomes(scores, since["redeemed"], learnt_from=champion.model.rows["all"] // 2)


def _look(champion: registry.Registered, today: "pd.DataFrame", lake: Lake) -> bool:
    import pandas as pd
    import pyarrow as pa

    from models_ml.drift import Reference, compare

    report = compare(Reference.from_dict(champion.reference), today)
    outcomes = came_true(champion, lake)
    found = report.table if outcomes is None else pd.concat([report.table, outcomes.table], ignore_index=True)
    table = found.rename(columns={"limit": "limit_value"}).assign(
        model=champion.name, version=champion.version, checked_at=datetime.now(UTC).replace(tzinfo=None)
    )
    names = (
        "model", "version", "feature", "stability", "distance", "missing", "limit_value", "is_drifted", "checked_at",
    )  # fmt: skip
    with lake.transaction("drift", model=champion.name):
        lake.execute("delete from ml.drift_result where model = ?", [champion.name])
        lake.append("ml.drift_result", pa.Table.from_pandas(table[list(names)], preserve_index=False))
    return bool(found["is_drifted"].any())


def _watched(X: "pd.DataFrame", scores: "np.ndarray | None") -> "pd.DataFrame":
    watched = X.drop(columns=[column for column in GROWS if column in X.columns])
    return watched if scores is None else watched.assign(**{SCORE: scores})
