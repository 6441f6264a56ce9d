"""The pictures of model cards, as SVG."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models_ml.audit import SIGNIFICANCE

BLUE, GREY, RED, PALE = "#2563a8", "#9aa7b4", "#b83a3a", "#e0b4b4"
Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Picture:
    svg: str
    caption: str


def draw(name: str, tables: Tables) -> Picture | None:
    """The picture of that name; None where there is nothing to show. Raises KeyError for an unknown name."""
    import io

    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    FigureCanvasSVG(figure)
    caption = PICTURES[name](figure.subplots(), tables)
    if caption is None:
        return None
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    text = io.StringIO()
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "cohorte", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return Picture(text.getvalue()[text.getvalue().index("<svg") :], caption)


def _calibration(axis: Any, tables: Tables) -> str | None:
    table = tables["Deciles"]
    top = float(max(table["high"].max(), table["predicted"].max())) * 1.05
    axis.plot([0, top], [0, top], color=GREY, linewidth=1)
    errors = np.abs(np.array([table["observed"] - table["low"], table["high"] - table["observed"]]))
    axis.errorbar(table["predicted"], table["observed"], yerr=errors, color=BLUE, marker="o", linewidth=1, capsize=2)
    axis.set(xlabel="predicted", ylabel="observed", title="Calibration, out of time")
    return "Tenths of the customers by predicted probability; bars are 95 % intervals. On the line, the word holds."


def _gain(axis: Any, tables: Tables) -> str | None:
    table = tables["Deciles"]
    share = np.concatenate([[0], np.cumsum(table["rows"]) / table["rows"].sum()])
    axis.plot(share, [0, *table["gain"]], color=BLUE, marker="o", markersize=3)
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    axis.set(xlabel="share of customers, best first", ylabel="share of converters", title="Gain")
    return "How many of the converters are reached by the best part of the base; the grey line is chance."


def _importance(axis: Any, tables: Tables) -> str | None:
    table = tables["Importance"].head(12).iloc[::-1]
    if table.empty:
        return None
    axis.barh([name.replace("_", " ") for name in table["feature"]], table["auc_lost"], color=BLUE)
    axis.set(xlabel="AUC lost when shuffled", title="Importance")
    return "What the ranking loses when one feature is shuffled; features that say the same share their importance."


def _fairness(axis: Any, tables: Tables) -> str | None:
    table = tables["Audit"]
    table = table[(table["metric"] == "selection_ratio") & (table["note"] == "")].iloc[::-1]
    if table.empty:
        return None
    labels = table["attribute"].str.replace("_", " ") + ": " + table["group"]
    unequal = table["value"] < table["limit"]
    colours = np.where(unequal & (table["p_value"] < SIGNIFICANCE), RED, np.where(unequal, PALE, BLUE))
    axis.barh(labels, table["value"], color=colours.tolist())
    axis.axvline(float(table["limit"].iloc[0]), color=GREY, linewidth=1)
    axis.tick_params(axis="y", labelsize=7)
    axis.set(xlabel="selection rate over that of the group selected most", title="Fairness")
    return "Red: selected less than four fifths as often as the group selected most. Pale: as much may be chance."


def _drift(axis: Any, tables: Tables) -> str | None:
    table = tables["Drift"].head(12).iloc[::-1]
    if table.empty:
        return None
    colours = np.where(table["stability"] >= table["limit"], RED, BLUE)
    axis.barh([name.replace("_", " ") for name in table["feature"]], table["stability"], color=colours.tolist())
    axis.axvline(float(table["limit"].iloc[0]), color=GREY, linewidth=1)
    axis.set(xlabel="population stability index", title="Drift")
    return "How far the newest customers are from those before; right of the line a feature has shifted."


def _sizes(axis: Any, tables: Tables) -> str | None:
    table = tables["Clusters"].iloc[::-1]
    axis.barh(table["name"], table["size"], color=BLUE)
    axis.set(xlabel="customers", title="Clusters")
    return "Customers by cluster."


def _silhouettes(axis: Any, tables: Tables) -> str | None:
    table = _by_k(tables)
    if table.empty:
        return None
    axis.plot(table["k"], table["silhouette"], color=BLUE, marker="o", markersize=3, label="these customers")
    axis.plot(table["k"], table["silhouette_by_chance"], color=GREY, label="data without clusters")
    if table["silhouette_unrelated"].notna().any():
        axis.plot(table["k"], table["silhouette_unrelated"], color=GREY, linestyle=":", label="unrelated features")
    axis.legend(frameon=False)
    axis.locator_params(axis="x", integer=True)
    axis.set(xlabel="clusters (k-means)", ylabel="silhouette", title="Silhouette")
    return "How much nearer customers are to their own cluster than to the next, against what k-means finds in nothing."


def _elbow(axis: Any, tables: Tables) -> str | None:
    table = _by_k(tables)
    if table.empty:
        return None
    axis.plot(table["k"], table["inertia"], color=BLUE, marker="o", markersize=3)
    axis.locator_params(axis="x", integer=True)
    axis.set(xlabel="clusters (k-means)", ylabel="sum of squares within", title="Elbow")
    return "What is left unexplained within the clusters."


def _heatmap(axis: Any, tables: Tables) -> str | None:
    table = tables["Profile"].pivot_table(index="name", columns="feature", values="effect", sort=False)
    limit = float(min(3.0, table.abs().max().max())) or 1.0
    image = axis.imshow(table.to_numpy(), cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    axis.set_xticks(range(len(table.columns)), [c.replace("_", " ") for c in table.columns], rotation=30, ha="right")
    axis.set_yticks(range(len(table.index)), list(table.index))
    axis.figure.colorbar(image, ax=axis, label="standard deviations from the base")
    axis.set_title("Profile")
    return "How far the mean of each cluster is from that of all customers."


def _by_k(tables: Tables) -> pd.DataFrame:
    table = tables["Selection"]
    return table[(table["algorithm"] == "k-means") & (table["k"] > 1)].sort_values("k")


PICTURES: dict[str, Callable[[Any, Tables], str | None]] = {
    "calibration": _calibration,
    "gain": _gain,
    "importance": _importance,
    "drift": _drift,
    "fairness": _fairness,
    "sizes": _sizes,
    "silhouettes": _silhouettes,
    "elbow": _elbow,
    "heatmap": _heatmap,
}
