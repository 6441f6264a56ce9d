"""Which clustering to keep, and why each of the others lost."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models_ml.clustering.candidates import DENSITY, K_MEANS, MIXTURE, Candidate

STABLE = 0.6
"""Adjusted Rand index with its bootstraps from which a clustering is called stable (Hennig 2007: 0.6 to 0.75)."""
STABLE_ACROSS = 0.5
"""And between halves, each of which knows half as much."""
ABOVE_CHANCE = 0.03
"""Silhouette above that of data without clusters from which something is there."""
RELATED = 0.02
"""Silhouette above that of unrelated features from which a cut through a continuum says something."""
CLEAR = 0.1
"""Silhouette above chance from which the clusters are real, not a cut through a continuum."""
APART = 0.35
"""Density in the middle of a cluster over that of its sparser half, below which it is two: normals 3.7 sigmas apart."""
NOISE = 0.25
"""Share of customers a density method may leave without a cluster."""
BETTER = 0.2
"""Validity by which another shape of cluster must beat k-means, whose clusters are the simplest to live with."""
CRITERIA = (
    "silhouette",
    "silhouette_by_chance",
    "silhouette_unrelated",
    "davies_bouldin",
    "gap",
    "gap_error",
    "inertia",
    "bic",
    "validity",
    "inner_valley",
    "stability",
    "stability_across",
    "smallest_share",
    "noise_share",
)


@dataclass(frozen=True)
class Choice:
    """The winner (None: there are no clusters), what kind of structure there is, and the table of all candidates."""

    winner: Candidate | None
    structure: str
    selection: pd.DataFrame


def choose(candidates: list[Candidate], *, smallest: float, noise: float, is_k_given: bool) -> Choice:
    """Among k-means by votes of the criteria; then another algorithm if it follows valleys that k-means cuts across.

    smallest: share of the customers a cluster must have. noise: standard deviation of the silhouette by chance.
    """
    table = pd.DataFrame([{"algorithm": c.algorithm, "k": c.k, **c.criteria} for c in candidates])
    table = table.reindex(columns=["algorithm", "k", *CRITERIA])
    table["why"] = [_fault(row, smallest, is_k_given) for row in table.to_dict("records")]
    table["votes"] = ""
    structure, winners = "none", {}
    spheres = table[(table["algorithm"] == K_MEANS) & (table["k"] > 1)]
    if len(spheres):
        structure, best = _among_k_means(table, spheres, 2 * noise, is_k_given)
        if best is not None:
            winners[K_MEANS] = best
    for algorithm, criterion in ((MIXTURE, "bic"), (DENSITY, "validity")):
        best = _among_others(table, algorithm, criterion, alone=not len(spheres))
        if best is not None:
            winners[algorithm] = best
    winner = _across(table, winners)
    if winner is not None and structure == "none":
        structure = "clear" if table.loc[winner, "validity"] > 0 else "weak"
    table["is_chosen"] = [row == winner for row in table.index]
    if winner is not None:
        table.loc[winner, "why"] = "chosen"
    selection = table[["algorithm", "k", "is_chosen", "why", "votes", *CRITERIA]]
    return Choice(None if winner is None else candidates[winner], structure, selection)


def _fault(row: dict, smallest: float, is_k_given: bool) -> str:
    """Why a candidate cannot win whatever the others are; empty when it can."""
    if row["k"] < 2:
        return "it finds fewer than two clusters" if row["algorithm"] == DENSITY else "one cluster: nothing to compare"
    if row["noise_share"] > NOISE:
        return f"it leaves {row['noise_share']:.0%} of the customers without a cluster"
    if is_k_given:
        return ""
    if row["smallest_share"] < smallest:
        return f"its smallest cluster has {row['smallest_share']:.1%} of the customers"
    if row["stability"] < STABLE or row["stability_across"] < STABLE_ACROSS:
        found = f"{row['stability']:.2f} between bootstraps, {row['stability_across']:.2f} between halves"
        return f"not stable: adjusted Rand index {found}"
    return ""


def _among_k_means(
    table: pd.DataFrame, spheres: pd.DataFrame, error: float, is_k_given: bool
) -> tuple[str, int | None]:
    """(structure, row of the winner). Writes into `table` who voted for what and why the others lost."""
    excess = spheres["silhouette"] - spheres["silhouette_by_chance"]
    related = spheres["silhouette"] - spheres["silhouette_unrelated"]
    is_something = (excess >= max(ABOVE_CHANCE, error)) | (related >= max(RELATED, error))
    able = spheres[spheres["why"] == ""]
    if is_k_given:
        structure = "clear" if excess.max() >= CLEAR else "weak" if is_something.any() else "none"
        return structure, (int(able.index[0]) if len(able) else None)
    if not is_something[able.index].any():
        for row in able.index:
            table.loc[row, "why"] = f"no clusters: silhouette {excess[row]:+.2f} against data without any"
        return "none", None
    if excess[able.index].max() >= CLEAR:
        able = _whole(table, able)
        votes = _votes(spheres, able)
        counts = pd.Series(list(votes.values())).value_counts()
        finalists = [row for row in able.index if counts.get(row, 0) == counts.max()]
        best = max(finalists, key=lambda row: (able.loc[row, "silhouette"], -row))
        for row in able.index:
            table.loc[row, "votes"] = ", ".join(name for name, vote in votes.items() if vote == row)
        table.loc[able.index, "why"] = f"outvoted: {counts.max()} of {len(votes)} criteria say {able.loc[best, 'k']}"
        return "clear", int(best)
    # A continuum has no true k. Two halves nearly always have the best silhouette and tell a marketer least, so the
    # finest cut is taken that comes back under resampling and still says something.
    best = int(able.loc[is_something[able.index], "k"].idxmax())
    for row in able.index:
        finer = "coarser than {k}, which is stable too: the data are a continuum"
        lost = finer if is_something[row] else "no clearer than a cut through unrelated features"
        table.loc[row, "why"] = lost.format(k=able.loc[best, "k"])
    return "weak", best


def _whole(table: pd.DataFrame, able: pd.DataFrame) -> pd.DataFrame:
    """Those none of whose clusters falls into two, which a silhouette forgives when a third is far away; all of them
    when there is no such clustering."""
    split = able[able["inner_valley"] < APART]
    if len(split) == len(able):
        return able
    for row in split.index:
        table.loc[row, "why"] = _two_in_one(split.loc[row, "inner_valley"])
    return able.drop(split.index)


def _two_in_one(inner_valley: float) -> str:
    return f"one of its clusters is two: the density between them is {inner_valley:.0%} of that in the sparser one"


def _votes(spheres: pd.DataFrame, able: pd.DataFrame) -> dict[str, int]:
    """The row each criterion would take, among those able to win."""
    votes = {"silhouette": int(able["silhouette"].idxmax()), "davies_bouldin": int(able["davies_bouldin"].idxmin())}
    # Tibshirani's rule: the first k whose gap the next one does not beat by more than its error.
    gap = spheres["gap"].to_numpy()
    error = spheres["gap_error"].to_numpy()
    settled = [row for row, step in zip(spheres.index, gap[:-1] >= gap[1:] - error[1:], strict=False) if step]
    votes["gap"] = int(next((row for row in settled if row in able.index), able["gap"].idxmax()))
    knee = _knee(spheres["k"].to_numpy(), np.log(spheres["inertia"].to_numpy()))
    votes["elbow"] = int(min(able.index, key=lambda row: (abs(able.loc[row, "k"] - knee), row)))
    return votes


def _knee(ks: np.ndarray, log_inertia: np.ndarray) -> float:
    """The k furthest below the line from first to last (Satopaa et al. 2011, Kneedle), on the log of the inertia."""
    if len(ks) < 3:
        return float(ks[0])
    line = np.interp(ks, [ks[0], ks[-1]], [log_inertia[0], log_inertia[-1]])
    return float(ks[int(np.argmax(line - log_inertia))])


def _among_others(table: pd.DataFrame, algorithm: str, criterion: str, alone: bool) -> int | None:
    rows = table[table["algorithm"] == algorithm]
    if not len(rows):
        return None
    best = rows[criterion].idxmin() if criterion == "bic" else rows[criterion].idxmax()
    for row in rows.index:
        if row != best and not table.loc[row, "why"]:
            table.loc[row, "why"] = (
                f"{criterion} {rows.loc[row, criterion]:.4g} against {rows.loc[best, criterion]:.4g}"
            )
    if table.loc[best, "why"]:
        return None
    if table.loc[best, "validity"] <= 0 and not alone:
        table.loc[best, "why"] = f"no valleys between its clusters: validity {table.loc[best, 'validity']:.2f}"
        return None
    return int(best)


def _across(table: pd.DataFrame, winners: dict[str, int]) -> int | None:
    """Simplest first; a later one must beat it by BETTER."""
    best: int | None = None
    for algorithm in (K_MEANS, MIXTURE, DENSITY):
        row = winners.get(algorithm)
        if row is None:
            continue
        if best is None:
            best = row
            continue
        if table.loc[row, "inner_valley"] < min(APART, table.loc[best, "inner_valley"]):
            table.loc[row, "why"] = _two_in_one(table.loc[row, "inner_valley"])
            continue
        ahead = table.loc[row, "validity"] - table.loc[best, "validity"]
        loser, other = (best, row) if ahead > BETTER else (row, best)
        table.loc[loser, "why"] = (
            f"validity {table.loc[loser, 'validity']:.2f} against {table.loc[other, 'validity']:.2f} of "
            f"{table.loc[other, 'algorithm']}" + ("" if loser == best else ", the simpler one")
        )
        best = other
    return best
