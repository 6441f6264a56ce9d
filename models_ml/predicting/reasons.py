"""Why a probability is what it is, in words; and which features matter at all."""

from typing import Any

import numpy as np
import pandas as pd

from models_ml.frame import is_number
from models_ml.predicting import evaluation
from models_ml.predicting.encoding import Encoder
from models_ml.predicting.estimators import Estimator
from models_ml.repeatable import draw

TOP = 5
ROWS = 5_000
REPEATS = 2


def say(
    frame: pd.DataFrame, contributions: np.ndarray, encoder: Encoder, typical: dict[str, Any], top: int
) -> list[list[str]]:
    """Per row, strongest first: "frequency is 4 (typical: 9), lowers it". contributions: rows × encoded columns."""
    features = list(dict.fromkeys(encoder.sources))
    position = {feature: column for column, feature in enumerate(features)}
    totals = np.zeros((len(frame), len(features)))
    for column, feature in enumerate(encoder.sources):
        totals[:, position[feature]] += contributions[:, column]
    order = np.argsort(-np.abs(totals), axis=1, kind="stable")[:, :top]
    values = {feature: _shown(frame[feature]) for feature in features}
    names = {feature: feature.replace("_", " ") for feature in features}
    said = []
    for row, columns in enumerate(order):
        lines = []
        for column in columns:
            feature = features[column]
            if totals[row, column] == 0:
                break
            verb = "raises" if totals[row, column] > 0 else "lowers"
            lines.append(f"{names[feature]} is {values[feature][row]} (typical: {typical[feature]}), {verb} it")
        said.append(lines)
    return said


def typical(frame: pd.DataFrame, encoder: Encoder) -> dict[str, str]:
    """The median of each number, the most frequent category of each text, as shown to people."""
    found = {}
    for feature in dict.fromkeys(encoder.sources):
        column = frame[feature]
        if is_number(column):
            found[feature] = _number(float(column.astype("float64").replace([np.inf, -np.inf], np.nan).median()))
        else:
            found[feature] = str(encoder.categories[feature][0])
    return found


def importance(estimator: Estimator, values: np.ndarray, y: np.ndarray, encoder: Encoder, seed: int) -> pd.DataFrame:
    """AUC lost when a feature is shuffled (Breiman 2001), on the test period: feature, auc_lost, most first."""
    rows = draw(len(values), ROWS, seed)
    values, y = values[rows], y[rows]
    rng = np.random.default_rng(seed)
    if y.min() == y.max():
        return pd.DataFrame(columns=["feature", "auc_lost"])
    whole = evaluation.auc(y, estimator.probability(values))
    found = []
    for feature in dict.fromkeys(encoder.sources):
        columns = [column for column, source in enumerate(encoder.sources) if source == feature]
        lost = []
        for _ in range(REPEATS):
            shuffled = values.copy()
            shuffled[:, columns] = values[rng.permutation(len(values))][:, columns]
            lost.append(whole - evaluation.auc(y, estimator.probability(shuffled)))
        found.append({"feature": feature, "auc_lost": float(np.mean(lost))})
    table = pd.DataFrame(found)
    return table.sort_values("auc_lost", ascending=False, kind="stable", ignore_index=True)


def _shown(column: pd.Series) -> list[str]:
    if is_number(column):
        return [_number(float(value)) for value in column.astype("float64")]
    return ["unknown" if pd.isna(value) else str(value) for value in column]


def _number(value: float) -> str:
    return "unknown" if not np.isfinite(value) else f"{value:.3g}" if abs(value) < 1_000 else f"{value:,.0f}"
