"""What targeting by an uplift is worth, measured on people the model has not seen.

Every row gets an unbiased guess of its own effect (the doubly robust score: Robins & Rotnitzky 1995, with the known
share of the treatment), and everything below is a mean of those, with its standard error. The Qini coefficient is
theirs weighted by rank (Radcliffe 2007; as a rank-weighted average effect: Yadlowsky et al. 2021).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

SHARES = (0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error; `low` and `high` bound it at the level it was asked for."""

    value: float
    error: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


@dataclass(frozen=True)
class Evidence:
    """Rows in an order of targeting. All values are incremental outcomes per customer of the whole base.

    `qini`: area between the gain curve of the model and that of random targeting. `over_response`: what the model's
    area is larger than that of targeting by the probability of the outcome. `over_single_arm`: what treating those
    with a positive uplift brings more than the better of treating all and treating nobody. `average`: the mean effect.
    `at`: one row a share of the base: share, uplift (mean effect among the best), low, high, random.
    """

    qini: Estimate
    over_response: Estimate
    over_single_arm: Estimate
    average: Estimate
    at: pd.DataFrame
    rows: int


def effects(
    treated: np.ndarray, y: np.ndarray, untreated: np.ndarray, with_treatment: np.ndarray, share: float
) -> np.ndarray:
    """An unbiased guess of each row's effect. untreated, with_treatment: what models that have not seen it expect."""
    return (
        with_treatment
        - untreated
        + treated * (y - with_treatment) / share
        - (1 - treated) * (y - untreated) / (1 - share)
    )


def measure(effect: np.ndarray, uplift: np.ndarray, response: np.ndarray, z: float) -> Evidence:
    """effect: from `effects`. uplift, response: the scores to target by. z: half width of intervals in errors."""
    own, by_response = _weight(uplift), _weight(response)
    average = estimate(effect, z)
    chosen = (uplift > 0).astype(float)
    better_arm = 1.0 if average.value > 0 else 0.0
    order = np.argsort(-uplift, kind="stable")
    rows = []
    for share in SHARES:
        best = effect[order[: max(2, round(share * len(order)))]]
        found = estimate(best, z)
        rows.append(
            {"share": share, "uplift": found.value, "low": found.low, "high": found.high, "random": average.value}
        )
    return Evidence(
        qini=estimate(effect * own, z),
        over_response=estimate(effect * (own - by_response), z),
        over_single_arm=estimate(effect * (chosen - better_arm), z),
        average=average,
        at=pd.DataFrame(rows),
        rows=len(effect),
    )


def estimate(values: np.ndarray, z: float) -> Estimate:
    value, error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
    return Estimate(value, error, value - z * error, value + z * error)


def _weight(score: np.ndarray) -> np.ndarray:
    """½ for the first to be targeted down to -½ for the last; equal scores share theirs."""
    from scipy.stats import rankdata

    return (rankdata(score) - 0.5) / len(score) - 0.5
