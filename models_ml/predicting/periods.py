"""Which rows are learnt from, and which newer ones check and test what was learnt: always forward in time."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

FEWEST = 100
"""Converters, and others, below which nothing is trained."""
TEST_SHARE = 0.2
"""Share of the rows that test, by whole moments, so rarely exact."""
CHECK_SHARE = 0.15
"""Share of the older rows that each fold checks on."""
LEARN_SHARE = 0.25
"""Share of the older rows that the first fold learns from at least."""
FOLDS = 3
STEPS = 6
"""Steps, before the test and in it; where there are more moments, several make one."""
FEWEST_TO_CHECK = 20
"""Converters, and others, that a period needs to check or to test anything."""
HISTORY = 1.5
"""Length of the history in horizons below which nothing is trained."""


@dataclass(frozen=True)
class Fold:
    """Positions of rows: what is learnt from, and what it is checked on."""

    learn: np.ndarray
    check: np.ndarray


@dataclass(frozen=True)
class Periods:
    """`folds`, oldest first, for choosing; `test` for the last word, after learning all before it.

    `steps`: the newer half of the history, moment by moment, each after learning all before it, for calibrating. The
    first `steps_before` of them lie before the test.
    By time every check lies after what was learnt (rolling origin: Tashman 2000). By chance the folds, and the steps,
    are those of an ordinary cross-validation.
    """

    folds: tuple[Fold, ...]
    test: Fold
    steps: tuple[Fold, ...]
    steps_before: int


def split(y: np.ndarray, time: Any, horizon: Any, seed: int) -> Periods:
    """y: 0 or 1 a row. time: anything that sorts, one a row; None: split by chance. horizon: how far ahead y looks.

    A row whose outcome was not known yet when a check begins is not learnt from there (the embargo).
    Raises ValueError with too few converters or others, a time that is missing somewhere, fewer than three moments, or
    a history that is shorter than HISTORY horizons or has converters in one part of it only.
    """
    converters, others = int((y == 1).sum()), int((y == 0).sum())
    if converters < FEWEST or others < FEWEST:
        raise ValueError(f"{converters} converters and {others} others: at least {FEWEST} of each are needed to train")
    if time is None:
        return _by_chance(y, seed)
    moments = pd.Series(np.asarray(time)).reset_index(drop=True)
    if len(moments) != len(y):
        raise ValueError(f"time has {len(moments)} values for {len(y)} rows of X; give one a row")
    if moments.isna().any():
        raise ValueError(f"time is missing in {int(moments.isna().sum())} rows; drop those rows")
    if pd.api.types.is_object_dtype(moments) or pd.api.types.is_string_dtype(moments):
        moments = pd.to_datetime(moments)
    if moments.nunique() < 3:
        raise ValueError(
            f"{moments.nunique()} periods of history: at least 3 are needed to train, calibrate and test apart"
        )
    if horizon is not None and (length := moments.max() - moments.min()) < HISTORY * horizon:
        raise ValueError(
            f"a history of {length} is too short to look {horizon} ahead: at least {HISTORY} times that is needed"
        )
    return _by_time(moments, y, horizon)


def with_fewer_steps(periods: Periods) -> Periods:
    """The last fold and the test are steps enough where each has rows enough."""
    return replace(periods, steps=(periods.folds[-1], periods.test), steps_before=1)


def _by_time(moments: pd.Series, y: np.ndarray, horizon: Any) -> Periods:
    everything = np.ones(len(y), dtype=bool)
    test = _newest(moments, y, everything, TEST_SHARE * len(y), keep=2)
    older = _before(moments, moments[test].min(), horizon)
    folds: list[Fold] = []
    rest = older
    while len(folds) < FOLDS:
        check = _newest(moments, y, rest, CHECK_SHARE * older.sum(), keep=1)
        learn = _before(moments, moments[check].min(), horizon) & older
        few = min(y[learn].sum(), (1 - y[learn]).sum()) < FEWEST_TO_CHECK or learn.sum() < LEARN_SHARE * older.sum()
        if few and folds:
            break
        folds.insert(0, Fold(np.flatnonzero(learn), np.flatnonzero(check)))
        rest = (moments < moments[check].min()).to_numpy() & older
        if moments[rest].nunique() < 2:
            break
    half = np.sort(moments[older].to_numpy())[older.sum() // 2]
    before = _steps(moments, y, older & (moments > half).to_numpy(), horizon) or [folds[-1]]
    within = _steps(moments, y, test, horizon)
    found = Periods(tuple(folds), Fold(np.flatnonzero(older), np.flatnonzero(test)), (*before, *within), len(before))
    for fold in (*found.folds, found.test):
        if any(len(np.unique(y[rows])) < 2 for rows in (fold.learn, fold.check)):
            raise ValueError("a period of the history holds converters or others only: give a longer history")
    return found


def _by_chance(y: np.ndarray, seed: int) -> Periods:
    """A fifth tests; the others are checked in turn. Each part has its share of the converters."""
    part = np.empty(len(y), dtype=int)
    rng = np.random.default_rng(seed)
    for value in (0, 1):
        rows = rng.permutation(np.flatnonzero(y == value))
        part[rows] = np.arange(len(rows)) * 5 // len(rows)
    test = part == 4
    third = part * 3 // 4
    folds = tuple(Fold(np.flatnonzero(~test & (third != n)), np.flatnonzero(~test & (third == n))) for n in range(3))
    found = Fold(np.flatnonzero(~test), np.flatnonzero(test))
    return Periods(folds, found, (*folds, found), len(folds))


def _steps(moments: pd.Series, y: np.ndarray, among: np.ndarray, horizon: Any) -> list[Fold]:
    """Each moment after all before it, in at most STEPS blocks of about the same number of moments."""
    steps = []
    for block in np.array_split(np.sort(moments[among].unique()), STEPS):
        if not len(block):
            continue
        learn = _before(moments, block[0], horizon)
        if min(y[learn].sum(), (1 - y[learn]).sum()) >= FEWEST_TO_CHECK:
            steps.append(Fold(np.flatnonzero(learn), np.flatnonzero(among & moments.isin(block).to_numpy())))
    return steps


def _newest(moments: pd.Series, y: np.ndarray, among: np.ndarray, rows: float, keep: int) -> np.ndarray:
    """The newest whole moments with so many rows and enough of both outcomes; `keep` moments stay for others."""
    table = pd.DataFrame({"moment": moments[among], "y": y[among]}).groupby("moment")["y"].agg(["size", "sum"])
    table = table.iloc[::-1].cumsum()
    enough = (
        (table["size"] >= rows) & (table["sum"] >= FEWEST_TO_CHECK) & (table["size"] - table["sum"] >= FEWEST_TO_CHECK)
    ).to_numpy()
    position = int(enough.argmax()) if enough.any() else len(table) - 1
    first = table.index[max(0, min(position, len(table) - 1 - keep))]
    return among & (moments >= first).to_numpy()


def _before(moments: pd.Series, first: Any, horizon: Any) -> np.ndarray:
    """Rows whose outcome was known at `first`; without any such row, those before it."""
    if horizon is None:
        return (moments < first).to_numpy()
    known = (moments + horizon <= first).to_numpy()
    return known if known.any() else (moments < first).to_numpy()
