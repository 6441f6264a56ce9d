"""Assign, the models' part: the champions score every customer; only what changed is written."""

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from cohorte.lake import Lake
from cohorte.steps import frames, registry

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BANDS = {"high": 0.5, "medium": 0.2, "low": 0.0}
"""Propensity bands by their lower bound. Probabilities are calibrated, so `high` means: more likely than not."""
NOTICEABLE = 0.005
"""A score that moved by less than this is left as it stands, to keep the change feed minimal."""


def score(*, lake: Lake) -> dict[str, int]:
    """Scores all customers with the promoted models into ml.score; returns customers by model.

    A model without a champion yet is left out: its segments stay empty until `train_models` has promoted one.
    """
    as_of = frames.as_of(lake)
    scorers = {"customer_clusters": _clusters, "coupon_propensity": _propensity}
    counts = {}
    for name, scorer in scorers.items():
        champion = registry.champion(name, settings=lake.settings)
        if champion is None:
            continue
        scores = scorer(lake, champion)
        _store(scores, champion, as_of, lake)
        counts[name] = len(scores)
    return counts


def _clusters(lake: Lake, champion: registry.Registered) -> "pd.DataFrame":
    """One row per customer: score (confidence), label (the cluster's name), reasons."""
    import pandas as pd

    X = frames.latest(lake, frames.BEHAVIOUR)
    names = {label: _slug(name) for label, name in champion.model.names.items()}
    before = dict(lake.rows("select customer_id, label from ml.score where model = ?", [champion.name]))
    number = {name: label for label, name in names.items()}
    previous = X.index.map(before).map(number)  # nobody moves back and forth across a border
    labels = pd.Series(champion.model.assign(X, previous=previous), index=X.index)
    return pd.DataFrame(
        {
            "score": champion.model.confidence(X),
            "label": labels.map(names),
            "reasons": labels.map({label: json.dumps([name]) for label, name in champion.model.names.items()}),
        },
        index=X.index,
    )


def _propensity(lake: Lake, champion: registry.Registered) -> "pd.DataFrame":
    """One row per customer: score (calibrated probability), label (the band), reasons."""
    import pandas as pd

    X = frames.latest(lake, frames.PREDICTORS)
    probability = pd.Series(champion.model.predict_proba(X), index=X.index)
    label = pd.Series("low", index=X.index)
    for band, bound in sorted(BANDS.items(), key=lambda item: item[1]):
        label[probability >= bound] = band
    return pd.DataFrame({"score": probability, "label": label, "reasons": _reasons(champion.model, X)}, index=X.index)


def _reasons(model: object, X: "pd.DataFrame") -> list[str]:
    """The model's reason codes as JSON, strongest first."""
    return [json.dumps(reasons) for reasons in model.reasons(X)]  # type: ignore[attr-defined]


def _store(scores: "pd.DataFrame", champion: registry.Registered, as_of: date, lake: Lake) -> None:
    with lake.view("scores", _table(scores)), lake.transaction("score", model=champion.name, version=champion.version):
        lake.execute(
            f"""
            merge into ml.score as known using (
                select *, ? as model, ? as model_version, ?::date as as_of_date, ?::timestamp as scored_at from scores
            ) as new
            on known.customer_id = new.customer_id and known.model = new.model
            when matched and (
                abs(known.score - new.score) >= {NOTICEABLE} or known.label is distinct from new.label
                or known.model_version <> new.model_version
            ) then update set
                model_version = new.model_version, score = new.score, label = new.label,
                reasons = new.reasons, as_of_date = new.as_of_date, scored_at = new.scored_at
            when not matched then insert by name""",
            [champion.name, champion.version, as_of, datetime.now(UTC).replace(tzinfo=None)],
        )
        lake.execute(
            "delete from ml.score where model = ? and customer_id not in (select customer_id from scores)",
            [champion.name],
        )


def _table(scores: "pd.DataFrame") -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_pandas(
        scores.rename_axis("customer_id").reset_index()[["customer_id", "score", "label", "reasons"]],
        preserve_index=False,
    )


def _slug(name: str) -> str:
    import re

    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
