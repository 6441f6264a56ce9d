"""Which kind of model, with which parameters and which balance: by evidence of the periods after those learnt from."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from models_ml.predicting import balance as balancing
from models_ml.predicting import estimators, evaluation
from models_ml.predicting.encoding import Encoder
from models_ml.predicting.estimators import Blend, Estimator, Logistic, Trees
from models_ml.predicting.periods import Fold, Periods
from models_ml.repeatable import draw

RFM = (
    *("recency_days", "frequency", "monetary", "baskets_90d", "spend_90d"),
    *("recency", "days_since_last_purchase", "orders", "baskets", "spend", "revenue"),
)
"""Names by which the baseline finds recency, frequency and monetary value."""
ROWS = 40_000
"""Rows a candidate learns from, and is checked on, while it is being chosen."""
BASELINE, LOGISTIC, LIGHTGBM = "logistic regression on RFM", "logistic regression", "LightGBM"
BOOSTING, FOREST, BLEND = "gradient boosting", "random forest", "blend"
KINDS = (LOGISTIC, LIGHTGBM, BOOSTING, FOREST)
BALANCED = 2
"""Kinds, the best first, that balances are compared for."""
LOGISTICS: tuple[dict[str, Any], ...] = ({"C": 0.05}, {"C": 0.3})
LIGHTGBMS: tuple[dict[str, Any], ...] = (
    {"n_estimators": 150, "learning_rate": 0.04, "num_leaves": 7, "min_child_samples": 60, "reg_lambda": 5.0},
    {"n_estimators": 150, "learning_rate": 0.06, "num_leaves": 31, "min_child_samples": 60, "reg_lambda": 5.0},
)
BOOSTINGS: tuple[dict[str, Any], ...] = (
    {"max_iter": 100, "learning_rate": 0.06, "max_leaf_nodes": 7, "min_samples_leaf": 60, "l2_regularization": 5.0},
    {"max_iter": 150, "learning_rate": 0.06, "max_leaf_nodes": 31, "min_samples_leaf": 60, "l2_regularization": 5.0},
)
FORESTS: tuple[dict[str, Any], ...] = ({"n_estimators": 100, "min_samples_leaf": 20, "max_features": "sqrt"},)

Make = Callable[[], Estimator]


@dataclass(frozen=True)
class Chosen:
    """The winner, how to make another one, and the table of all candidates."""

    algorithm: str
    balance: str
    make: Make
    baseline: Make
    table: pd.DataFrame


@dataclass
class _Candidate:
    algorithm: str
    parameters: dict[str, Any]
    balance: str
    make: Make
    placements: tuple[tuple[np.ndarray, np.ndarray], ...]
    auc: float


def choose(
    values: np.ndarray,
    y: np.ndarray,
    periods: Periods,
    encoder: Encoder,
    balances: tuple[str, ...],
    *,
    seed: int,
    budget: float | None,
) -> Chosen:
    """Tries the simplest first, of each kind too; then balances for the leading kinds, and line and trees blended."""
    folds = [_thinned(fold, seed) for fold in periods.folds]
    if len(y) > ROWS:
        folds = folds[-1:]
    until = None if budget is None else time.monotonic() + budget
    tried: list[_Candidate] = []

    def attempt(algorithm: str, parameters: dict[str, Any], make: Make, balance: str) -> None:
        if tried and until is not None and time.monotonic() > until:
            return
        placements = []
        for fold in folds:
            fitted = balancing.fit(balance, make, values[fold.learn], y[fold.learn], seed)
            placements.append(evaluation.placements(y[fold.check], fitted.probability(values[fold.check])))
        auc = float(np.mean([converters.mean() for converters, _ in placements]))
        tried.append(_Candidate(algorithm, parameters, balance, make, tuple(placements), auc))

    first = balances[0]
    attempt(BASELINE, {}, partial(Logistic, columns=_baseline(encoder), seed=seed), first)
    for algorithm, settings, maker in _kinds(seed):
        for parameters in settings:
            attempt(algorithm, parameters, partial(maker, parameters), first)
    leaders = sorted((c for kind in KINDS if (c := _best(tried, (kind,)))), key=lambda c: -c.auc)[:BALANCED]
    for leader in leaders:
        for balance in balances[1:]:
            attempt(leader.algorithm, leader.parameters, leader.make, balance)
    line = _best(tried, (LOGISTIC,))
    trees = _best(tried, (LIGHTGBM, BOOSTING))
    if line is not None and trees is not None and line.balance == trees.balance:
        parameters = {"line": line.parameters, trees.algorithm: trees.parameters}
        attempt(BLEND, parameters, partial(_blend, line.make, trees.make), line.balance)
    winner, table = _winner(tried)
    return Chosen(winner.algorithm, winner.balance, winner.make, tried[0].make, table)


def _thinned(fold: Fold, seed: int) -> Fold:
    learn, check = (rows[draw(len(rows), ROWS, seed)] for rows in (fold.learn, fold.check))
    return Fold(learn, check)


def _kinds(seed: int) -> list[tuple[str, tuple[dict[str, Any], ...], Callable[[dict[str, Any]], Estimator]]]:
    """From simple to complex."""

    def line(parameters: dict[str, Any]) -> Estimator:
        return Logistic(seed=seed, **parameters)

    return [
        (LOGISTIC, LOGISTICS, line),
        (LIGHTGBM, LIGHTGBMS, partial(Trees, estimators.lightgbm, seed=seed)),
        (BOOSTING, BOOSTINGS, partial(Trees, estimators.hist_gradient_boosting, seed=seed)),
        (FOREST, FORESTS, partial(Trees, estimators.random_forest, seed=seed)),
    ]


def _blend(line: Make, trees: Make) -> Blend:
    return Blend((line(), trees()))


def _baseline(encoder: Encoder) -> tuple[int, ...]:
    """Encoded columns of recency, frequency and monetary value; the first three where no name tells."""
    found = tuple(position for position, name in enumerate(encoder.sources) if name in RFM)
    return found or tuple(range(min(3, len(encoder.sources))))


def _best(tried: list[_Candidate], algorithms: tuple[str, ...]) -> _Candidate | None:
    return max((c for c in tried if c.algorithm in algorithms), key=lambda c: c.auc, default=None)


def _winner(tried: list[_Candidate]) -> tuple[_Candidate, pd.DataFrame]:
    """The simplest that is not worse than the best by more than one standard error (Breiman et al. 1984).

    The table: algorithm, parameters, balance, auc (mean over the folds), behind (of the best), error, is_chosen, why.
    """
    best = max(tried, key=lambda candidate: candidate.auc)
    order = (BASELINE, LOGISTIC, LIGHTGBM, BOOSTING, BLEND, FOREST)
    errors = [evaluation.paired_error(best.placements, candidate.placements) for candidate in tried]
    near = [c for c, error in zip(tried, errors, strict=True) if best.auc - c.auc <= error]
    winner = min(near, key=lambda c: order.index(c.algorithm))  # of one algorithm, what was tried first is simplest
    rows = []
    for candidate, error in zip(tried, errors, strict=True):
        behind = best.auc - candidate.auc
        if candidate is winner:
            why = "chosen"
        elif behind > error:
            why = f"AUC {behind:.4f} below the best, more than one standard error ({error:.4f})"
        else:
            why = "not better than the chosen one by more than one standard error, and not simpler"
        rows.append(
            {
                "algorithm": candidate.algorithm,
                "parameters": ", ".join(f"{name} {value}" for name, value in candidate.parameters.items()),
                "balance": candidate.balance,
                "auc": candidate.auc,
                "behind": behind,
                "error": error,
                "is_chosen": candidate is winner,
                "why": why,
            }
        )
    return winner, pd.DataFrame(rows)
