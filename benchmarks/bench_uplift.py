"""How often uplift says there is something where there is nothing, and how often it finds what is there.

python benchmarks/bench_uplift.py [seeds]
"""

import sys

import numpy as np
import pandas as pd

from models_ml import train_uplift
from models_ml.uplift import NOTHING

ROWS = 10_000


def campaign(seed: int, effect: str) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Ten features, half of the customers treated by chance, one in four converting."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(ROWS, 10)), columns=[f"f{i}" for i in range(10)])
    treatment = rng.integers(0, 2, ROWS)
    base = 1 / (1 + np.exp(-(-1.5 + X["f0"] + 0.5 * X["f1"])))
    change = {"none": 0.0 * X["f2"], "same for all": 0.05 + 0.0 * X["f2"], "for half": 0.12 * (X["f2"] > 0)}[effect]
    return X, treatment, (rng.random(ROWS) < np.clip(base + treatment * change, 0, 1)).astype(int)


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    for effect in ("none", "same for all", "for half"):
        verdicts = [train_uplift(*campaign(seed, effect), seed=seed).verdict for seed in range(seeds)]
        nothing = sum(NOTHING in verdict for verdict in verdicts)
        print(f"effect {effect}: {nothing} of {seeds} campaigns of {ROWS:,} are called {NOTHING!r}")


if __name__ == "__main__":
    main()
