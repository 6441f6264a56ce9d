"""Models at size, each beside a plain call of the library underneath: python benchmarks/bench_models.py [rows]

Prints seconds, peak memory of the process that did it, and the ratio to the plain call in the same run.
"""

import multiprocessing
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from memory import peak

COLUMNS = 30
GROUPS = 8


def customers(rows: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """(features with long tails and holes, outcome of one in twelve, month): eight kinds of customers."""
    rng = np.random.default_rng(0)
    kind = rng.integers(GROUPS, size=rows)
    centres = rng.normal(0, 1.5, size=(GROUPS, COLUMNS)).astype("float32")
    values = centres[kind] + rng.normal(size=(rows, COLUMNS)).astype("float32")
    values[:, :10] = np.exp(values[:, :10])
    odds = -3.2 + 0.8 * values[:, 20] + 0.4 * values[:, 21] * values[:, 22]
    y = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype("int8")
    values[rng.random(rows) < 0.1, 25] = np.nan
    return pd.DataFrame(values, columns=[f"f{i}" for i in range(COLUMNS)]), y, rng.integers(0, 8, rows)


def cluster(rows: int) -> str:
    from models_ml import fit_clusters

    X, _, _ = customers(rows)
    model = fit_clusters(X)
    return f"k = {model.k} of {GROUPS} ({model.algorithm}, {model.structure})"


def plain_k_means(rows: int) -> str:
    from sklearn.cluster import KMeans

    X, _, _ = customers(rows)
    KMeans(GROUPS, n_init=10, random_state=0).fit(X.fillna(0))
    return "KMeans(8, n_init=10)"


def train(rows: int) -> str:
    from models_ml import train_propensity

    X, y, time_ = customers(rows)
    model = train_propensity(X, y, time=time_)
    return f"{model.algorithm}, AUC {model.metrics['auc']:.3f}, ECE {model.metrics['ece']:.4f}"


def plain_boosting(rows: int) -> str:
    from sklearn.ensemble import HistGradientBoostingClassifier

    X, y, _ = customers(rows)
    HistGradientBoostingClassifier(max_iter=150, random_state=0).fit(X, y)
    return "HistGradientBoostingClassifier(max_iter=150)"


def score(rows: int) -> str:
    from models_ml import train_propensity

    X, y, time_ = customers(rows)
    few = slice(0, 50_000)
    model = train_propensity(X[few], y[few], time=time_[few], balance="none")
    started = time.monotonic()
    model.predict_proba(X)
    return f"{rows / (time.monotonic() - started):,.0f} customers a second ({model.algorithm})"


def measured(work: Callable[[int], str], rows: int) -> tuple[float, float, str]:
    """(seconds, GiB at the peak, what it says) of the work in a process of its own, making the data included."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_timed, (work, rows))


def _timed(work: Callable[[int], str], rows: int) -> tuple[float, float, str]:
    started = time.monotonic()
    said = work(rows)
    return time.monotonic() - started, peak(), said


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{rows:,} customers x {COLUMNS} features")
    for ours, plain in ((cluster, plain_k_means), (train, plain_boosting)):
        seconds, memory, said = measured(ours, rows)
        base, base_memory, base_said = measured(plain, rows)
        print(f"{ours.__name__:8} {seconds:7.1f} s {memory:5.2f} GiB  {said}")
        print(f"  plain  {base:7.1f} s {base_memory:5.2f} GiB  {base_said}: ratio {seconds / base:.1f}")
    print(f"{'score':8} {measured(score, rows)[2]}")


if __name__ == "__main__":
    main()
