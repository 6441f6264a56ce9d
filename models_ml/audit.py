"""Does a selection of customers look like the base, and does it treat groups alike?

Representativeness: chi-square with Cramér's V, Kolmogorov–Smirnov with its distance, corrected for the number of tests
(Holm 1979). Fairness: demographic parity difference and ratio with the four-fifths rule (EEOC 1978), equal opportunity
where outcomes are known (Hardt et al. 2016). Stability: the worst ratio again on each of FOLDS parts of the base.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

FOUR_FIFTHS = 0.8
"""Selection rate of a group over that of the group selected most."""
PARITY = 0.2
"""Difference between the highest and the lowest selection rate."""
OPPORTUNITY = 0.1
"""Difference between the rates at which those are found who would convert."""
CRAMERS_V = 0.3
"""Association with an attribute that is no longer small (Cohen 1988)."""
DISTANCE = 0.2
"""Kolmogorov–Smirnov distance between the selected and the base."""
SIGNIFICANCE = 0.05
FEWEST = 30
"""Members below which a group is too small to judge."""
FOLDS = 5
ALL = "(all)"
"""In place of a group: the whole attribute."""
QUARTERS = 4
"""Parts a numeric attribute is cut into to be judged by group."""
UNKNOWN = "unknown"
COLUMNS = ("attribute", "group", "metric", "value", "limit", "p_value", "rows", "selected", "is_breach", "note")


@dataclass(frozen=True)
class AuditReport:
    """`table`: everything measured, one row an attribute, group (ALL: the whole attribute) and metric.

    `breaches`: those rows that are past their limit by more than chance: attribute, group, metric, value, limit.
    """

    table: pd.DataFrame
    rows: int
    selected: int

    @property
    def breaches(self) -> pd.DataFrame:
        found = self.table[self.table["is_breach"]]
        return found[["attribute", "group", "metric", "value", "limit"]].reset_index(drop=True)

    @property
    def passed(self) -> bool:
        return self.breaches.empty

    def __str__(self) -> str:
        head = f"{self.selected:,} of {self.rows:,} selected: "
        if self.passed:
            return head + "no breach"
        lines = [
            f"{b.attribute}{'' if b.group == ALL else f' = {b.group}'}: {b.metric} {b.value:.3f}, limit {b.limit:g}"
            for b in self.breaches.itertuples()
        ]
        return head + "; ".join(lines)


def audit_selection(
    selected: Any,
    attributes: pd.DataFrame,
    *,
    population: pd.DataFrame | None = None,
    outcome: Any = None,
    seed: int = 0,
) -> AuditReport:
    """Compares who is selected with the base, attribute by attribute.

    attributes: one row a customer, one column an attribute: categories, or numbers, which are cut into quarters.
    selected: a truth value a row, or the index labels of the selected rows. population: a base of its own, with the
    same columns; without it the rows of `attributes` are the base, with it `attributes` may hold the selected alone.
    outcome: 0 or 1 a row of `attributes`, where known; missing values are left out of equal opportunity only.

    A group of fewer than 30 is reported as too small, not as fair; missing values are the group "unknown", measured but
    not judged. A breach is past its limit and significant at 5 % after correction.
    Raises ValueError for an empty base, nobody selected, unknown labels, other lengths or columns.
    """
    chosen = _mask(selected, attributes)
    base, is_selected = _base(attributes, chosen, population)
    result = None if outcome is None else _outcome(outcome, attributes, population)
    rows: list[dict[str, Any]] = []
    for name in base.columns:
        rows += _attribute(str(name), base[name], is_selected, result, seed)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return AuditReport(_judged(table), len(base), int(is_selected.sum()))


def _mask(selected: Any, attributes: pd.DataFrame) -> np.ndarray:
    values = selected.to_numpy() if hasattr(selected, "to_numpy") else np.asarray(selected)
    if isinstance(selected, pd.Series) and selected.dtype == bool and not selected.index.equals(attributes.index):
        if not attributes.index.isin(selected.index).all() or selected.index.has_duplicates:
            raise ValueError("selected and attributes have different rows: give one truth value a row of attributes")
        values = selected.reindex(attributes.index).to_numpy()
    is_truth = values.dtype == bool or (
        len(values) == len(attributes) and values.dtype.kind in "iuf" and set(np.unique(values)) <= {0, 1}
    )
    if is_truth:
        if len(values) != len(attributes):
            raise ValueError(f"selected has {len(values)} values for {len(attributes)} rows of attributes")
        mask = values.astype(bool)
    else:
        unknown = set(values.tolist()) - set(attributes.index)
        if unknown:
            raise ValueError(
                f"selected names {len(unknown)} rows that attributes does not have, e.g. {min(map(str, unknown))}"
            )
        mask = attributes.index.isin(values)
    if not len(mask) or not mask.any():
        raise ValueError("nobody is selected: there is nothing to audit")
    return mask


def _base(
    attributes: pd.DataFrame, chosen: np.ndarray, population: pd.DataFrame | None
) -> tuple[pd.DataFrame, np.ndarray]:
    """(base, whether each of its rows is selected). With a population of its own the selected are set beside it."""
    if attributes.columns.has_duplicates or not len(attributes.columns):
        raise ValueError("attributes needs at least one column, and each name once")
    if population is None:
        return attributes.reset_index(drop=True), chosen
    missing = [str(c) for c in attributes.columns if c not in population.columns]
    if missing:
        raise ValueError(f"population has no column {', '.join(missing)}; it is compared attribute by attribute")
    if not len(population):
        raise ValueError("population is empty: there is no base to compare with")
    chosen_rows = attributes[chosen]
    if attributes.index.isin(population.index).all() and population.index.is_unique:
        return population[attributes.columns].reset_index(drop=True), population.index.isin(chosen_rows.index)
    both = pd.concat([chosen_rows, population[attributes.columns]], ignore_index=True)
    return both, np.arange(len(both)) < len(chosen_rows)


def _outcome(outcome: Any, attributes: pd.DataFrame, population: pd.DataFrame | None) -> np.ndarray:
    if population is not None:
        raise ValueError("outcome needs the base itself in attributes: leave population out")
    values = pd.to_numeric(pd.Series(np.asarray(outcome)), errors="coerce").to_numpy(dtype="float64")
    if len(values) != len(attributes):
        raise ValueError(f"outcome has {len(values)} values for {len(attributes)} rows of attributes; give one a row")
    return values


def _attribute(
    name: str, column: pd.Series, selected: np.ndarray, outcome: np.ndarray | None, seed: int
) -> Iterator[dict[str, Any]]:
    from scipy import stats

    known = column.notna().to_numpy()
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column) and column.nunique() > 10:
        values = column.to_numpy(dtype="float64", na_value=np.nan)
        inside, base = values[known & selected], values[known]
        if len(inside) >= FEWEST:
            test = stats.ks_2samp(inside, values[known & ~selected]) if (known & ~selected).any() else None
            distance = _distance(inside, base)
            p = float(test.pvalue) if test is not None else 1.0
            yield _row(name, ALL, "ks_distance", distance, DISTANCE, p, known.sum(), len(inside), distance > DISTANCE)
        edges = np.unique(np.quantile(base, np.linspace(0, 1, QUARTERS + 1)))
        groups = pd.cut(column.astype("float64"), edges, include_lowest=True).astype("object")
    else:
        groups = column.astype("object")
    labels = groups.where(known, UNKNOWN).astype(str).to_numpy()
    yield from _representativeness(name, labels, known, selected)
    yield from _parity(name, labels, known, selected, seed)
    if outcome is not None:
        yield from _opportunity(name, labels, known, selected, outcome)


def _distance(inside: np.ndarray, base: np.ndarray) -> float:
    """Largest gap between the two distribution functions."""
    at = np.sort(base)
    own = np.searchsorted(np.sort(inside), at, side="right") / len(inside)
    return float(np.abs(own - np.searchsorted(at, at, side="right") / len(at)).max())


def _representativeness(
    name: str, labels: np.ndarray, known: np.ndarray, selected: np.ndarray
) -> Iterator[dict[str, Any]]:
    from scipy import stats

    counts = pd.crosstab(labels[known], selected[known]).reindex(columns=[False, True], fill_value=0).to_numpy()
    if counts.shape[0] < 2 or (counts.sum(axis=0) == 0).any():
        return
    test = stats.chi2_contingency(counts, correction=False)
    v = float(np.sqrt(test.statistic / counts.sum()))
    is_thin = bool((test.expected_freq < 5).mean() > 0.2)
    note = "expected counts below 5: the p-value is rough" if is_thin else ""
    yield _row(name, ALL, "cramers_v", v, CRAMERS_V, test.pvalue, known.sum(), counts[:, 1].sum(), v > CRAMERS_V, note)


def _parity(
    name: str, labels: np.ndarray, known: np.ndarray, selected: np.ndarray, seed: int
) -> Iterator[dict[str, Any]]:
    """One row a group: its selection rate over the highest; then the difference, and the worst ratio over folds."""
    from fairlearn.metrics import MetricFrame, count, selection_rate

    frame = MetricFrame(
        metrics={"rate": selection_rate, "rows": count},
        y_true=selected,
        y_pred=selected,
        sensitive_features=pd.Series(labels),
    ).by_group
    judged = frame[(frame["rows"] >= FEWEST) & (frame.index != UNKNOWN)]
    best = judged["rate"].max() if len(judged) else np.nan
    top = judged["rate"].idxmax() if len(judged) else None
    for group, found in frame.iterrows():
        mine = labels == group
        ratio = float(found["rate"] / best) if best else np.nan
        if group == UNKNOWN and not known.all():
            note, p, breach = "the attribute is not known", np.nan, False
        elif found["rows"] < FEWEST:
            note, p, breach = f"too small to judge: {int(found['rows'])} members", np.nan, False
        else:
            note, breach = "", bool(ratio < FOUR_FIFTHS)
            p = 1.0 if group == top else _difference(selected[mine], selected[labels == top])
        yield _row(
            name,
            str(group),
            "selection_ratio",
            ratio,
            FOUR_FIFTHS,
            p,
            found["rows"],
            selected[mine].sum(),
            breach,
            note,
        )
    if len(judged) < 2:
        return
    least = judged["rate"].idxmin()
    gap = float(best - judged["rate"].min())
    p = _difference(selected[labels == least], selected[labels == top])
    inside = np.isin(labels, judged.index)
    yield _row(
        name, ALL, "parity_difference", gap, PARITY, p, inside.sum(), selected[inside].sum(), gap > PARITY,
        f"{least} against {top}",
    )  # fmt: skip
    ratios = list(_by_fold(labels[inside], selected[inside], seed))
    if ratios:
        shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        yield _row(
            name, ALL, "selection_ratio_across_folds", float(np.std(ratios)), np.nan, np.nan, inside.sum(),
            selected[inside].sum(), False, f"worst ratio by fold: {shown}",
        )  # fmt: skip


def _by_fold(labels: np.ndarray, selected: np.ndarray, seed: int) -> Iterator[float]:
    """The smallest ratio of selection rates on each part of the base, groups that are large enough there."""
    fold = np.random.default_rng(seed).permutation(len(labels)) % FOLDS
    for number in range(FOLDS):
        part = pd.DataFrame({"group": labels[fold == number], "selected": selected[fold == number]})
        rates = part.groupby("group")["selected"].agg(["mean", "size"])
        rates = rates.loc[rates["size"] >= FEWEST, "mean"]
        if len(rates) > 1 and rates.max() > 0:
            yield float(rates.min() / rates.max())


def _opportunity(
    name: str, labels: np.ndarray, known: np.ndarray, selected: np.ndarray, outcome: np.ndarray
) -> Iterator[dict[str, Any]]:
    """Of those who convert, how many are selected: each group against the best."""
    converts = outcome == 1
    found: dict[str, tuple[float, int]] = {}
    for group in np.unique(labels[known & converts]):
        mine = converts & (labels == group)
        if mine.sum() >= FEWEST:
            found[str(group)] = (float(selected[mine].mean()), int(mine.sum()))
        else:
            yield _row(
                name, str(group), "opportunity_difference", np.nan, OPPORTUNITY, np.nan, mine.sum(),
                selected[mine].sum(), False, f"too small to judge: {int(mine.sum())} converters",
            )  # fmt: skip
    if len(found) < 2:
        return
    top = max(found, key=lambda group: (found[group][0], group))
    for group, (rate, rows) in found.items():
        gap = found[top][0] - rate
        mine = converts & (labels == group)
        p = 1.0 if group == top else _difference(selected[mine], selected[converts & (labels == top)])
        yield _row(
            name, group, "opportunity_difference", gap, OPPORTUNITY, p, rows, selected[mine].sum(), gap > OPPORTUNITY
        )


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    """P-value of two shares being equal (Fisher's exact test where counts are small, else chi-square)."""
    from scipy import stats

    table = np.array([[a.sum(), len(a) - a.sum()], [b.sum(), len(b) - b.sum()]])
    if (table.sum(axis=0) == 0).any():
        return 1.0
    if table.min() < 5:
        return float(stats.fisher_exact(table).pvalue)
    return float(stats.chi2_contingency(table, correction=True).pvalue)


def _row(
    attribute: str,
    group: str,
    metric: str,
    value: float,
    limit: float,
    p_value: float,
    rows: Any,
    selected: Any,
    is_breach: bool,
    note: str = "",
) -> dict[str, Any]:
    values = (attribute, group, metric, value, limit, p_value, int(rows), int(selected), bool(is_breach), note)
    return dict(zip(COLUMNS, values, strict=True))


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    """P-values corrected over all tests of the audit (Holm 1979); what may be chance is no breach."""
    tested = table["p_value"].notna().to_numpy()
    p = table.loc[tested, "p_value"].to_numpy(dtype="float64")
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p)))))
    table = table.astype({"p_value": "float64"})
    table.loc[tested, "p_value"] = corrected
    table["is_breach"] = table["is_breach"].astype(bool) & (table["p_value"] < SIGNIFICANCE)
    return table
