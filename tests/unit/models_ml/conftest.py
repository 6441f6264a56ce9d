"""Customers with a known truth."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest


@dataclass(frozen=True)
class Planted:
    X: pd.DataFrame
    y: np.ndarray
    time: np.ndarray
    groups: pd.DataFrame
    chance: np.ndarray
    """The true probability of y."""


def plant(rows: int = 4_000, seed: int = 0) -> Planted:
    """One strong feature, an interaction, a category that matters, and noise; the level does not move with time."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(rows, 6)).astype("float32"), columns=[f"f{i}" for i in range(6)])
    X["frequency"] = rng.poisson(3, rows)
    X["channel"] = rng.choice(["shop", "web", "app"], rows)
    chance = 1 / (1 + np.exp(-(-2.2 + 1.2 * X["f0"] + 0.5 * X["f1"] * X["f2"] + (X["channel"] == "app"))))
    X.loc[::7, "f3"] = np.nan
    groups = pd.DataFrame({"age": np.where(X["f0"] > 0, "old", "young"), "city": rng.choice(list("xyz"), rows)})
    return Planted(X, (rng.random(rows) < chance).astype(int), rng.integers(0, 8, rows), groups, chance.to_numpy())


@pytest.fixture(scope="session")
def planted() -> Planted:
    return plant()
