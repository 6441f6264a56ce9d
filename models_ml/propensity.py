"""Propensity: one calibrated probability a customer, chosen and measured out of time.

Forward in time, several times over: older rows are learnt from, the next ones choose and calibrate. The newest test,
always beside a logistic regression on recency, frequency and monetary value. What is handed out has then learnt from
all rows, and is calibrated on what models that had not seen a moment said of it, over the newer half of the history:
the level of a single period is as much chance as trend.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models_ml.frame import as_frame, truth
from models_ml.predicting import balance as balancing
from models_ml.predicting import calibration, evaluation, periods, reasons, selection
from models_ml.predicting.encoding import Encoder
from models_ml.repeatable import LARGE, repeatable

if TYPE_CHECKING:
    from models_ml.cards import ModelCard
    from models_ml.predicting.estimators import Estimator


@dataclass(frozen=True)
class PropensityModel:
    """A trained propensity. `metrics` are out of time: measured on the newest period, unseen by what they measure.

    `candidates`: everything tried, with its AUC on the periods before the test and why it lost. `deciles`: gain
    and lift on the test period. `importance`: AUC lost when a feature is shuffled. `dropped`: features left out.
    """

    algorithm: str
    balance: str
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]] = field(repr=False)
    candidates: pd.DataFrame = field(repr=False)
    deciles: pd.DataFrame = field(repr=False)
    importance: pd.DataFrame = field(repr=False)
    rows: dict[str, int] = field(repr=False)
    by_group: pd.DataFrame = field(repr=False)
    encoder: Encoder = field(repr=False)
    estimator: "Estimator" = field(repr=False)
    calibrator: calibration.Calibrator = field(repr=False)
    typical: dict[str, Any] = field(repr=False)
    trained_until: Any
    """The newest `time` of the rows learnt from; None without times."""

    @property
    def feature_names_in_(self) -> list[str]:
        """Columns X must have when it is scored."""
        return self.encoder.feature_names_in_

    @property
    def dropped(self) -> dict[str, str]:
        return self.encoder.dropped

    @property
    def card(self) -> "ModelCard":
        """What this model is, on one HTML page with pictures."""
        from models_ml.cards import propensity_card

        return propensity_card(self)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Calibrated probability, float64, one a row. Raises ValueError for a missing column or one of another kind.

        Missing values are allowed; a category unseen in training counts as `other`.
        """
        with repeatable(len(X)):
            return self.calibrator(self.estimator.probability(self.encoder.transform(X)))

    def reasons(self, X: Any, top: int = reasons.TOP) -> list[list[str]]:
        """Per row the `top` features that speak loudest, in words, strongest first.

        Exact contributions to the log-odds for a logistic regression, SHAP values for trees (Lundberg et al. 2020).
        """
        frame = as_frame(X)
        with repeatable(len(frame)):
            contributions = self.estimator.contributions(self.encoder.transform(frame))
        return reasons.say(frame, contributions, self.encoder, self.typical, top)


def train_propensity(
    X: Any,
    y: Any,
    *,
    time: Any = None,
    sensitive: pd.DataFrame | None = None,
    balance: str = "auto",
    seed: int = 0,
    horizon: Any = None,
    budget: float | None = None,
) -> PropensityModel:
    """Learns the probability of y from X. The same input and seed give the same bytes.

    X: a frame, one row a customer (and moment): numbers, truth values, categories; missing values allowed. y: 0 or 1 a
    row. time: when each row was known (anything that sorts); without it periods are drawn by chance, which flatters.
    sensitive: attributes, one row a row of X, to report the scores by; never learnt from. balance: "auto" compares
    "none", "weights", "smote" and "undersample". horizon: how far ahead y looks, in units of time (a timedelta for
    dates); rows whose outcome was not yet known when the next period began are then left out. budget: seconds of
    tuning after which no further candidate is tried; it gives up repeatability, the default tries them all.

    Raises ValueError with fewer than 100 converters or others, fewer than three moments, a history shorter than 1.5
    horizons, values that are no outcome, a column that cannot be used, or an unknown balance; TypeError for X that is
    no frame.
    """
    frame = as_frame(X)
    outcome = truth(y, len(frame))
    if sensitive is not None and len(sensitive) != len(frame):
        raise ValueError(f"sensitive has {len(sensitive)} rows for {len(frame)} rows of X; give one a row")
    balances = balancing.tried(balance, outcome)
    split = periods.split(outcome, time, horizon, seed)
    if len(frame) > LARGE:
        split = periods.with_fewer_steps(split)
    encoder = Encoder.fit(frame, seed)
    with repeatable(len(frame)):
        values = encoder.transform(frame)
        chosen = selection.choose(values, outcome, split, encoder, balances, seed=seed, budget=budget)
        fit = partial(balancing.fit, chosen.balance, chosen.make, seed=seed)
        test = split.test
        tested = fit(values[test.learn], outcome[test.learn])
        observed = outcome[test.check]
        said = _said(fit, values, outcome, split)
        probability = calibration.fit(*_joined(said[: split.steps_before]))(tested.probability(values[test.check]))
        metrics = evaluation.measure(observed, probability)
        baseline = chosen.baseline().fit(values[test.learn], outcome[test.learn])
        metrics["baseline_auc"] = evaluation.auc(observed, baseline.probability(values[test.check]))
        intervals = evaluation.intervals(observed, probability, seed)
        metrics |= {"auc_low": intervals["auc"][0], "auc_high": intervals["auc"][1]}
        importance = reasons.importance(tested, values[test.check], observed, encoder, seed)
        calibrator = calibration.fit(*_joined(said))
        estimator = fit(values, outcome)
    return PropensityModel(
        algorithm=chosen.algorithm,
        balance=chosen.balance,
        metrics=metrics,
        intervals=intervals,
        candidates=chosen.table,
        deciles=evaluation.deciles(observed, probability),
        importance=importance,
        rows={"train": len(test.learn), "test": len(test.check), "all": len(outcome)},
        by_group=_by_group(sensitive, test.check, probability, observed),
        encoder=encoder,
        estimator=estimator,
        calibrator=calibrator,
        typical=reasons.typical(frame, encoder),
        trained_until=None if time is None else pd.Series(np.asarray(time)).max(),
    )


def _said(
    fit: Callable[[np.ndarray, np.ndarray], "Estimator"], values: np.ndarray, y: np.ndarray, split: periods.Periods
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(probability, outcome) of each step, said by a model that knew all before it."""
    said = []
    for step in split.steps:
        model = fit(values[step.learn], y[step.learn])
        said.append((model.probability(values[step.check]), y[step.check]))
    return said


def _joined(said: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([probability for probability, _ in said]), np.concatenate([y for _, y in said])


def _by_group(sensitive: pd.DataFrame | None, test: np.ndarray, probability: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    """One row an attribute and group of the test period: attribute, group, rows, predicted, observed."""
    columns = ["attribute", "group", "rows", "predicted", "observed"]
    if sensitive is None:
        return pd.DataFrame(columns=columns)
    groups = sensitive.iloc[test].reset_index(drop=True)
    parts = []
    for attribute in groups.columns:
        group = groups[attribute].astype("object").where(groups[attribute].notna(), "unknown").astype(str)
        found = pd.DataFrame({"predicted": probability, "observed": y}).groupby(group.to_numpy())
        table = found.mean().assign(rows=found.size()).rename_axis("group").reset_index()
        parts.append(table.assign(attribute=str(attribute)))
    return pd.concat(parts, ignore_index=True)[columns]
