"""Uplift: what contacting somebody changes, from a campaign in which chance decided who was contacted.

Several learners are compared, each judged on rows it has not seen (cross-fitting: Chernozhukov et al. 2018), against
targeting at random, by response, and treating everybody or nobody. The word on whether there is anything to exploit
allows for having looked at several.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from models_ml.frame import as_frame, truth
from models_ml.predicting import evaluation
from models_ml.predicting.encoding import Encoder
from models_ml.predicting.estimators import Logistic
from models_ml.repeatable import repeatable
from models_ml.uplifting import evidence as evidences
from models_ml.uplifting.evidence import Estimate, Evidence
from models_ml.uplifting.learners import Learner, TwoModels, candidates

FEWEST = 100
"""Converters, and rows of either arm, below which nothing is learnt."""
FOLDS = 4
Z = 1.96
CONFIDENCE = 0.99
"""Of the verdict. Cross-fitted scores hang together a little, so 95 % would be less than it says."""
NOT_RANDOM = 0.55
"""AUC at which the treatment could be told from the features: chance did not decide."""
NOTHING = "no exploitable difference"


@dataclass(frozen=True)
class Policy:
    """Whom to treat when it costs something: those whose uplift is above `threshold`, cost over value.

    `share` of the base; `profit` per customer of the base, with its interval; `over_all`: what it earns more than
    treating everybody, `over_nobody`: than treating nobody.
    """

    threshold: float
    share: float
    profit: Estimate
    over_all: Estimate
    over_nobody: Estimate


@dataclass(frozen=True)
class UpliftModel:
    """A trained uplift. `candidates`: every learner with its Qini and why it lost.

    `evidence`: cross-fitted, with intervals at 99 % for the best of all learners.
    """

    algorithm: str
    verdict: str
    evidence: Evidence
    candidates: pd.DataFrame = field(repr=False)
    is_random: bool
    """Whether chance decided who was treated; without that no number here can be trusted."""
    encoder: Encoder = field(repr=False)
    learner: Learner = field(repr=False)
    arms: TwoModels = field(repr=False)
    share: float
    """Of the treated in the campaign."""
    scores: np.ndarray = field(repr=False)
    effects: np.ndarray = field(repr=False)

    @property
    def feature_names_in_(self) -> list[str]:
        return self.encoder.feature_names_in_

    @property
    def dropped(self) -> dict[str, str]:
        """Features left out, and why."""
        return self.encoder.dropped

    def predict(self, X: Any) -> np.ndarray:
        """Change of the probability by the treatment, one a row, between -1 and 1, float64.

        Raises ValueError for a column that is missing or has changed its kind.
        """
        with repeatable(len(X)):
            return np.clip(self.learner.uplift(self.encoder.transform(X)).astype("float64"), -1, 1)

    def evaluate(self, X: Any, treatment: Any, y: Any) -> Evidence:
        """The same evidence on another campaign: rows the model has not seen. Intervals are at 95 %.

        Raises ValueError as `train_uplift` does for what treatment and y must be.
        """
        frame = as_frame(X)
        treated, outcome = truth(treatment, len(frame)), truth(y, len(frame))
        _check(treated, outcome)
        values = self.encoder.transform(frame)
        with repeatable(len(frame)):
            untreated, with_treatment = self.arms.outcomes(values)
            uplift = self.learner.uplift(values)
        effect = evidences.effects(treated, outcome, untreated, with_treatment, float(treated.mean()))
        return evidences.measure(effect, uplift, with_treatment, Z)

    def policy(self, cost: float, value: float) -> Policy:
        """Break-even targeting. cost: of treating one customer; value: of one outcome, in the same unit.

        Raises ValueError for a value that is not above zero, or a cost below it.
        """
        if value <= 0 or cost < 0:
            raise ValueError(f"cost {cost} and value {value}: value must be above zero, cost not below it")
        chosen = self.scores > cost / value
        earned = self.effects * value - cost
        return Policy(
            threshold=cost / value,
            share=float(chosen.mean()),
            profit=evidences.estimate(chosen * earned, Z),
            over_all=evidences.estimate((chosen - 1.0) * earned, Z),
            over_nobody=evidences.estimate(chosen * earned, Z),
        )


def train_uplift(X: Any, treatment: Any, y: Any, *, seed: int = 0) -> UpliftModel:
    """Learns what the treatment changes. The same input and seed give the same bytes.

    X: a frame, one row a customer, as known before the campaign: numbers, truth values, categories; missing values
    allowed. treatment: 1 contacted, 0 held out, decided by chance. y: 1 converted, 0 not.
    Raises ValueError for arms or outcomes that are not 0 and 1, with fewer than 100 converters or rows of an arm, and
    for columns that cannot be used; TypeError for X that is no frame.
    """
    frame = as_frame(X)
    treated, outcome = _arm(treatment, len(frame)), truth(y, len(frame))
    _check(treated, outcome)
    encoder = Encoder.fit(frame, seed)
    share = float(treated.mean())
    with repeatable(len(frame)):
        values = encoder.transform(frame)
        folds = _folds(treated, outcome, seed)
        makers = candidates(seed)
        untreated, with_treatment = np.empty(len(frame)), np.empty(len(frame))
        scores = {name: np.empty(len(frame)) for name in makers}
        chance = np.empty(len(frame))
        for learn, check in folds:
            arms = _outcomes(seed).fit(values[learn], treated[learn], outcome[learn])
            untreated[check], with_treatment[check] = arms.outcomes(values[check])
            for name, make in makers.items():
                scores[name][check] = make().fit(values[learn], treated[learn], outcome[learn]).uplift(values[check])
            chance[check] = Logistic(C=0.01, seed=seed).fit(values[learn], treated[learn]).probability(values[check])
        effect = evidences.effects(treated, outcome, untreated, with_treatment, share)
        is_random = evaluation.auc(treated, chance) < NOT_RANDOM
        z = _half_width(len(makers))
        found = {name: evidences.measure(effect, score, with_treatment, z) for name, score in scores.items()}
        best = max(found, key=lambda name: found[name].qini.value)
        # The simplest that is not worse by more than one standard error.
        algorithm = next(n for n in found if found[best].qini.value - found[n].qini.value <= found[best].qini.error)
        learner = makers[algorithm]().fit(values, treated, outcome)
        arms = _outcomes(seed).fit(values, treated, outcome)
    return UpliftModel(
        algorithm=algorithm,
        verdict=_verdict(found[algorithm], is_random),
        evidence=found[algorithm],
        candidates=_table(found, algorithm),
        is_random=is_random,
        encoder=encoder,
        learner=learner,
        arms=arms,
        share=share,
        scores=scores[algorithm],
        effects=effect,
    )


def _arm(treatment: Any, rows: int) -> np.ndarray:
    try:
        return truth(treatment, rows)
    except ValueError as error:
        raise ValueError(f"treatment: {str(error).replace('y ', 'it ', 1)}") from error


def _check(treated: np.ndarray, y: np.ndarray) -> None:
    arms = np.bincount(treated, minlength=2)
    if arms.min() < FEWEST:
        raise ValueError(f"{arms[1]} treated and {arms[0]} held out: at least {FEWEST} of each are needed")
    if min(int(y.sum()), int(len(y) - y.sum())) < FEWEST:
        raise ValueError(f"{int(y.sum())} of {len(y)} converted: at least {FEWEST} who did and who did not are needed")
    if any(len(np.unique(y[treated == arm])) < 2 for arm in (0, 1)):
        raise ValueError("in one arm everybody or nobody converted: there is nothing to compare")


def _folds(treated: np.ndarray, y: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedKFold

    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(treated, treated * 2 + y))


def _outcomes(seed: int) -> TwoModels:
    def line() -> Logistic:
        return Logistic(C=0.05, seed=seed)

    return TwoModels(line)


def _half_width(looked_at: int) -> float:
    """Errors to either side at CONFIDENCE for the best of several (Bonferroni)."""
    from scipy.stats import norm

    return float(norm.ppf(1 - (1 - CONFIDENCE) / 2 / looked_at))


def _verdict(found: Evidence, is_random: bool) -> str:
    if not is_random:
        return (
            "not to be trusted: the features tell who was treated, so chance did not decide it. "
            "Repeat the campaign with a random holdout."
        )
    at = found.at.set_index("share").loc[0.3]
    average = f"On average the treatment changes the outcome by {found.average}."
    if found.qini.low <= 0:
        return f"{NOTHING}: targeting by uplift cannot be told from targeting at random, Qini {found.qini}. {average}"
    response = (
        "Targeting by response does as well."
        if found.over_response.low <= 0
        else f"It beats targeting by response by {found.over_response}."
    )
    arm = "everybody" if found.average.value > 0 else "nobody"
    single = (
        f"At no cost, treating {arm} brings as much: it pays where contacts cost something or are limited."
        if found.over_single_arm.low <= 0
        else f"Leaving out those with a negative uplift beats treating {arm} by {found.over_single_arm}."
    )
    return (
        f"targeting pays: Qini {found.qini}; the best 30 % change by {at['uplift']:+.4f}, random ones by "
        f"{at['random']:+.4f}. {response} {single}"
    )


def _table(found: dict[str, Evidence], algorithm: str) -> pd.DataFrame:
    """One row a learner: algorithm, qini, low, high, is_chosen, why."""
    best = max(evidence.qini.value for evidence in found.values())
    rows = []
    for name, evidence in found.items():
        qini = evidence.qini
        if name == algorithm:
            why = "chosen: the simplest within one standard error of the best"
        elif qini.value < found[algorithm].qini.value:
            why = f"Qini {best - qini.value:.4f} below the best"
        else:
            why = "not better than the chosen one by more than one standard error, and less simple"
        rows.append(
            {"algorithm": name, "qini": qini.value, "low": qini.low, "high": qini.high,
             "is_chosen": name == algorithm, "why": why}
        )  # fmt: skip
    return pd.DataFrame(rows)
