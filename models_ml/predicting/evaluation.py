"""How good a probability is, with how sure we are of it."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

BINS = 10
DRAWS = 100
ROWS = 20_000
"""Rows a bootstrap draw has at most; its interval is scaled to all rows."""


def measure(y: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """auc, pr_auc (average precision), brier, log_loss, ece, base_rate, mean_probability, lift_top_decile."""
    from sklearn.metrics import average_precision_score, brier_score_loss, log_loss

    return {
        "auc": auc(y, probability),
        "pr_auc": float(average_precision_score(y, probability)),
        "brier": float(brier_score_loss(y, probability)),
        "log_loss": float(log_loss(y, probability, labels=[0, 1])),
        "ece": expected_calibration_error(y, probability),
        "base_rate": float(y.mean()),
        "mean_probability": float(probability.mean()),
        "lift_top_decile": lift(y, probability),
    }


def intervals(y: np.ndarray, probability: np.ndarray, seed: int, level: float = 0.95) -> dict[str, tuple[float, float]]:
    """Bootstrap intervals (Efron 1979) of auc, pr_auc, brier and lift_top_decile.

    Not of ece: a resampled one is larger than the one it should surround.
    """
    from sklearn.metrics import average_precision_score, brier_score_loss

    criteria: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
        "auc": auc,
        "pr_auc": average_precision_score,
        "brier": brier_score_loss,
        "lift_top_decile": lift,
    }
    rng = np.random.default_rng(seed)
    size = min(len(y), ROWS)
    found: dict[str, list[float]] = {name: [] for name in criteria}
    for _ in range(DRAWS):
        rows = rng.integers(len(y), size=size)
        if y[rows].min() == y[rows].max():
            continue
        for name, criterion in criteria.items():
            found[name].append(float(criterion(y[rows], probability[rows])))
    tail = (1 - level) / 2
    result = {}
    for name, values in found.items():
        low, middle, high = np.quantile(values, [tail, 0.5, 1 - tail])
        shrink = np.sqrt(size / len(y))
        result[name] = (float(middle - (middle - low) * shrink), float(middle + (high - middle) * shrink))
    return result


def auc(y: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a converter is ranked before another, ties counting half."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, score))


def placements(y: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the others below each converter, and of the converters above each other: both have the AUC as mean.

    The parts its variance is made of (DeLong, DeLong & Clarke-Pearson 1988; by ranks: Sun & Xu 2014).
    """
    from scipy.stats import rankdata

    converters, others = score[y == 1], score[y == 0]
    ranks = rankdata(np.concatenate([converters, others]))
    above = (ranks[: len(converters)] - rankdata(converters)) / len(others)
    below = 1 - (ranks[len(converters) :] - rankdata(others)) / len(converters)
    return above, below


def paired_error(a: Sequence[tuple[np.ndarray, np.ndarray]], b: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Standard error of the difference of two mean AUCs over the same folds, given by their placements."""
    variances = [
        sum(np.var(x - y, ddof=1) / len(x) for x, y in zip(first, second, strict=True))
        for first, second in zip(a, b, strict=True)
    ]
    return float(np.sqrt(np.sum(variances)) / len(variances))


def lift(y: np.ndarray, score: np.ndarray) -> float:
    """Conversion rate of the tenth with the highest scores over that of all."""
    best = np.argsort(-score, kind="stable")[: max(1, len(y) // 10)]
    return float(y[best].mean() / y.mean())


def expected_calibration_error(y: np.ndarray, probability: np.ndarray, bins: int = BINS) -> float:
    """Mean gap between predicted and observed rate over bins of equal size (Naeini et al. 2015, equal-mass bins)."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(len(p) * abs(y[p].mean() - probability[p].mean()) for p in parts) / len(y))


def deciles(y: np.ndarray, probability: np.ndarray) -> pd.DataFrame:
    """One row a tenth, best first: rows, predicted, observed, low, high (95 % Wilson 1927), lift, gain.

    gain: share of all converters who are in this tenth or a better one.
    """
    order = np.argsort(-probability, kind="stable")
    rows = []
    caught = 0
    for number, part in enumerate(np.array_split(order, BINS), start=1):
        if not len(part):
            continue
        converters = int(y[part].sum())
        caught += converters
        low, high = _wilson(converters, len(part))
        rows.append(
            {
                "decile": number,
                "rows": len(part),
                "predicted": float(probability[part].mean()),
                "observed": converters / len(part),
                "low": low,
                "high": high,
                "lift": converters / len(part) / float(y.mean()),
                "gain": caught / int(y.sum()),
            }
        )
    return pd.DataFrame(rows)


def _wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    rate = successes / trials
    middle = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * np.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))
