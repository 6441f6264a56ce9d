"""Propensity: one calibrated probability a customer, chosen and measured out of time.

Candidates are compared on the newest period, which none of them has seen, always beside a logistic regression on
recency, frequency and monetary value. The winner is calibrated on the period before the newest (Platt 1999).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from models_ml.frame import numeric

FEWEST = 100
"""Converters, and others, below which nothing is trained."""
RFM = ("recency_days", "frequency", "monetary", "baskets_90d", "spend_90d")


@dataclass(frozen=True)
class PropensityModel:
    """A trained propensity. `metrics` are out of time: measured on the newest period, unseen in training."""

    estimator: Any = field(repr=False)
    calibrator: Any = field(repr=False)
    columns: list[str] = field(repr=False)
    algorithm: str
    metrics: dict[str, float]
    card: dict[str, Any] = field(repr=False)
    _explainer: Any = field(repr=False)

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Calibrated probability, one a row. Raises ValueError for a missing or non-numeric column."""
        return _calibrated(self.estimator, self.calibrator, numeric(X, self.columns))

    def reasons(self, X: pd.DataFrame, top: int = 5) -> list[list[str]]:
        """Per row the `top` features that speak loudest, in words, strongest first.

        Contributions are those of a linear model that mimics the scores: each feature's distance from the average
        customer times its weight.
        """
        contributions = self._explainer.contributions(numeric(X, self.columns))
        order = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :top]
        words = np.array([column.replace("_", " ") for column in self.columns])
        raises = np.take_along_axis(contributions, order, axis=1) > 0
        return [
            [f"{word} {'raises' if up else 'lowers'} it" for word, up in zip(names, ups, strict=True)]
            for names, ups in zip(words[order], raises, strict=True)
        ]


def train_propensity(
    X: pd.DataFrame,
    y: pd.Series,
    *,
    time: pd.Series | None = None,
    sensitive: pd.DataFrame | None = None,
    seed: int = 0,
) -> PropensityModel:
    """Trains on all but the newest period, tests on the newest, calibrates on the one before.

    X: numeric features, one row a customer and period; missing values allowed. y: 0 or 1 a row. time: the period of
    each row; without it a random fifth stands in for the newest. sensitive: attributes to report score means by.
    Raises ValueError with fewer than 100 converters or others, or fewer than three periods, saying what is missing.
    """
    X = numeric(X)
    y = pd.Series(np.asarray(y), index=X.index).astype(int)
    _check(y)
    train, tune, test = _periods(y, time, seed)
    baseline = [column for column in RFM if column in X.columns] or list(X.columns[:3])
    fitted = {name: model.fit(X[train], y[train]) for name, model in _candidates(seed).items()}
    scores = {name: _auc(y[tune], model.predict_proba(X[tune])[:, 1]) for name, model in fitted.items()}
    algorithm = max(scores, key=lambda name: (scores[name], name))
    estimator = fitted[algorithm]
    calibrator = _platt(estimator, X[tune], y[tune])
    simple = _logistic().fit(X.loc[train | tune, baseline], y[train | tune])
    probability = _calibrated(estimator, calibrator, X[test])
    metrics = _metrics(y[test].to_numpy(), probability)
    metrics["baseline_auc"] = _auc(y[test], simple.predict_proba(X.loc[test, baseline])[:, 1])
    card = {
        "rows": {"train": int(train.sum()), "calibrate": int(tune.sum()), "test": int(test.sum())},
        "candidates": {name: {"auc": value} for name, value in scores.items()},
        "baseline": baseline,
        "features": list(X.columns),
        "mean_score_by_group": _by_group(sensitive, test, probability),
    }
    explainer = _Mimic.fit(X[train], estimator.predict_proba(X[train])[:, 1])
    return PropensityModel(estimator, calibrator, list(X.columns), algorithm, metrics, card, explainer)


def _check(y: pd.Series) -> None:
    converters, others = int((y == 1).sum()), int((y == 0).sum())
    if converters < FEWEST or others < FEWEST:
        raise ValueError(f"{converters} converters and {others} others: at least {FEWEST} of each are needed to train")


def _periods(y: pd.Series, time: pd.Series | None, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if time is None:
        draw = np.random.default_rng(seed).random(len(y))
        return draw < 0.6, (draw >= 0.6) & (draw < 0.8), draw >= 0.8
    moments = np.sort(pd.unique(np.asarray(time)))
    if len(moments) < 3:
        raise ValueError(f"{len(moments)} periods of history: at least 3 are needed to train, calibrate and test apart")
    values = np.asarray(time)
    return values < moments[-2], values == moments[-2], values == moments[-1]


def _candidates(seed: int) -> dict[str, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    boosting = HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_iter=150,
        max_leaf_nodes=15,
        min_samples_leaf=40,
        l2_regularization=1.0,
        random_state=seed,
    )
    return {"logistic regression": _logistic(), "gradient boosting": boosting}


def _logistic() -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        FunctionTransformer(_signed_log, feature_names_out="one-to-one"),
        StandardScaler(),
        LogisticRegression(C=0.3, max_iter=1_000),
    )


def _signed_log(values: np.ndarray) -> np.ndarray:
    """log(1 + |x|) with x's sign: tames long tails, keeps order."""
    values = np.asarray(values, dtype="float64")
    return np.sign(values) * np.log1p(np.abs(values))


def _platt(estimator: Any, X: pd.DataFrame, y: pd.Series) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1e6).fit(_logit(estimator, X), y)


def _logit(estimator: Any, X: pd.DataFrame) -> np.ndarray:
    probability = np.clip(estimator.predict_proba(X)[:, 1], 1e-6, 1 - 1e-6)
    return np.log(probability / (1 - probability)).reshape(-1, 1)


def _calibrated(estimator: Any, calibrator: Any, X: pd.DataFrame) -> np.ndarray:
    return calibrator.predict_proba(_logit(estimator, X))[:, 1]


def _auc(y: pd.Series, score: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, score))


def _metrics(y: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    best = np.argsort(-probability, kind="stable")[: max(1, len(y) // 10)]
    return {
        "auc": float(roc_auc_score(y, probability)),
        "pr_auc": float(average_precision_score(y, probability)),
        "brier": float(brier_score_loss(y, probability)),
        "ece": expected_calibration_error(y, probability),
        "base_rate": float(y.mean()),
        "lift_top_decile": float(y[best].mean() / y.mean()),
    }


def expected_calibration_error(y: np.ndarray, probability: np.ndarray, bins: int = 10) -> float:
    """Mean gap between predicted and observed rate over bins of equal size (Naeini et al. 2015, equal-mass bins)."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(len(p) * abs(y[p].mean() - probability[p].mean()) for p in parts) / len(y))


def _by_group(sensitive: pd.DataFrame | None, test: np.ndarray, probability: np.ndarray) -> dict[str, dict[str, float]]:
    if sensitive is None:
        return {}
    groups = sensitive[test].reset_index(drop=True)
    score = pd.Series(probability)
    return {str(column): score.groupby(groups[column]).mean().round(4).to_dict() for column in groups.columns}


@dataclass(frozen=True)
class _Mimic:
    """A linear stand-in for a model's scores, to say what speaks for and against (Ribeiro et al. 2016, globally)."""

    medians: pd.Series
    means: np.ndarray
    deviations: np.ndarray
    weights: np.ndarray

    @classmethod
    def fit(cls, X: pd.DataFrame, score: np.ndarray) -> "_Mimic":
        from sklearn.linear_model import Ridge

        medians = X.median().fillna(0.0)
        values = _signed_log(X.fillna(medians).to_numpy())
        means, deviations = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-9)
        clipped = np.clip(score, 1e-4, 1 - 1e-4)
        model = Ridge(alpha=10.0).fit((values - means) / deviations, np.log(clipped / (1 - clipped)))
        return cls(medians, means, deviations, model.coef_)

    def contributions(self, X: pd.DataFrame) -> np.ndarray:
        values = _signed_log(X.fillna(self.medians).to_numpy())
        return (values - self.means) / self.deviations * self.weights
