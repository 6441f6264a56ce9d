"""Ways to deal with few converters. Which helps is measured, not assumed; calibration undoes what they do to levels."""

from collections.abc import Callable

import numpy as np

from models_ml.predicting.estimators import Estimator

METHODS = ("none", "weights", "smote", "undersample")
RARE = 0.3
"""Share of the rarer outcome from which there is nothing to balance."""
OTHERS_PER_CONVERTER = 3
SMOTE_ROWS = 50_000
"""Rows from which there are converters enough without inventing any."""


def fit(method: str, make: Callable[[], Estimator], values: np.ndarray, y: np.ndarray, seed: int) -> Estimator:
    """A new estimator, fitted on rows balanced by `method`.

    weights: both outcomes weigh the same. smote: converters are added between converters (Chawla et al. 2002), up to a
    third of the others. undersample: OTHERS_PER_CONVERTER others a converter are kept.
    """
    if method == "none":
        return make().fit(values, y)
    if method == "weights":
        shares = np.bincount(y, minlength=2) / len(y)
        return make().fit(values, y, (0.5 / shares)[y])
    if method == "undersample":
        rng = np.random.default_rng(seed)
        rare = int(y.mean() < 0.5)
        few, many = np.flatnonzero(y == rare), np.flatnonzero(y != rare)
        kept = rng.choice(many, size=min(len(many), OTHERS_PER_CONVERTER * len(few)), replace=False)
        rows = np.sort(np.concatenate([few, kept]))
        return make().fit(values[rows], y[rows])
    return make().fit(*_smote(values, y, seed))


def tried(balance: str, y: np.ndarray) -> tuple[str, ...]:
    """The methods to compare. Raises ValueError for an unknown one."""
    if balance not in ("auto", *METHODS):
        raise ValueError(f"no balance called {balance!r}; there are auto, {', '.join(METHODS)}")
    if balance != "auto":
        return (balance,)
    if min(y.mean(), 1 - y.mean()) >= RARE:
        return ("none",)
    return tuple(method for method in METHODS if method != "smote" or len(y) <= SMOTE_ROWS)


def _smote(values: np.ndarray, y: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    import warnings

    from imblearn.over_sampling import SMOTE

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        medians = np.nan_to_num(np.nanmedian(values, axis=0))
    filled = np.where(np.isnan(values), medians, values)
    counts = np.bincount(y, minlength=2)
    wanted = max(int(counts.min()) + 1, int(counts.max()) // OTHERS_PER_CONVERTER)
    scale = np.maximum(filled.std(axis=0), 1e-9)
    maker = SMOTE(sampling_strategy={int(counts.argmin()): wanted}, k_neighbors=5, random_state=seed)
    added, outcome = maker.fit_resample(filled / scale, y)
    return (added * scale).astype("float32"), outcome
