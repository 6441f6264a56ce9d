"""Model cards: what a model is, how good, for whom, on one HTML page with its pictures (Mitchell et al. 2019)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from models_ml.audit import AuditReport
    from models_ml.clusters import ClusterModel
    from models_ml.drift import DriftReport
    from models_ml.propensity import PropensityModel

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ card.title }}</title><style>
body {font: 15px/1.5 system-ui, sans-serif; color: #1c2733; max-width: 62rem; margin: 2rem auto; padding: 0 1rem}
h1 {font-size: 1.6rem; margin-bottom: .2rem} h2 {font-size: 1.15rem; margin-top: 2.2rem}
p.lead {color: #51606f; margin-top: 0} table {border-collapse: collapse; font-size: 13px}
th, td {text-align: left; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid #e3e8ee; vertical-align: top}
td.number {text-align: right; font-variant-numeric: tabular-nums}
figure {margin: 1rem 0} svg {max-width: 100%; height: auto}
figcaption {color: #51606f; font-size: 13px} .wide {overflow-x: auto}
</style></head><body>
<h1>{{ card.title }}</h1><p class="lead">{{ card.summary }}</p>
<h2>Facts</h2><table>{% for name, value in card.facts.items() %}
<tr><th>{{ name }}</th><td>{{ value }}</td></tr>{% endfor %}</table>
{% for picture in pictures %}<figure>{{ picture.svg | safe }}<figcaption>{{ picture.caption }}</figcaption></figure>
{% endfor %}
{% for name, table in tables.items() %}<h2>{{ name }}</h2><div class="wide"><table>
<tr>{% for column in table.columns %}<th>{{ column.replace("_", " ") }}</th>{% endfor %}</tr>
{% for row in table.rows %}<tr>{% for cell in row %}
<td{% if cell.is_number %} class="number"{% endif %}>{{ cell.text }}</td>
{% endfor %}</tr>{% endfor %}</table></div>{% endfor %}
</body></html>
"""
LONGEST = 40
"""Rows of a table that are shown."""


@dataclass(frozen=True)
class ModelCard:
    """`facts` by name, `tables` by title; pictures are drawn when the page is made."""

    title: str
    summary: str
    facts: dict[str, str]
    tables: dict[str, pd.DataFrame] = field(repr=False)
    pictures: tuple[str, ...] = ()
    """Names of functions of `models_ml.pictures`, each given `tables`."""

    def html(self) -> str:
        """The page: no script, nothing to load from elsewhere."""
        from jinja2 import Environment

        from models_ml import pictures

        drawn = [pictures.draw(name, self.tables) for name in self.pictures]
        tables = {name: _shown(table) for name, table in self.tables.items() if len(table)}
        template = Environment(autoescape=True).from_string(PAGE)
        return template.render(card=self, tables=tables, pictures=[picture for picture in drawn if picture])

    def with_audit(self, report: "AuditReport") -> "ModelCard":
        """With what an audit of the customers this model selects has found."""
        from dataclasses import replace

        tables = self.tables | {"Audit": report.table.drop(columns=["is_breach"])}
        return replace(
            self,
            facts=self.facts | {"audit": str(report)},
            tables=tables,
            pictures=(*self.pictures, "fairness"),
        )

    def with_drift(self, report: "DriftReport") -> "ModelCard":
        """With how far the newest customers are from those before."""
        from dataclasses import replace

        table = report.table.sort_values("stability", ascending=False, kind="stable", ignore_index=True)
        return replace(
            self,
            facts=self.facts | {"drift": str(report)},
            tables=self.tables | {"Drift": table.drop(columns=["is_drifted"])},
            pictures=(*self.pictures, "drift"),
        )

    def with_facts(self, facts: Mapping[str, Any]) -> "ModelCard":
        """With facts only the one who trained knows: version, data, code."""
        from dataclasses import replace

        return replace(self, facts=self.facts | {name: str(value) for name, value in facts.items()})


def propensity_card(model: "PropensityModel") -> ModelCard:
    m = model.metrics
    better = m["auc"] - m["baseline_auc"]
    return ModelCard(
        title="Propensity",
        summary=f"{model.algorithm}: out of time it ranks {m['auc']:.1%} of pairs of a converter and another right, "
        f"{better * 100:+.1f} points against recency, frequency and monetary value alone.",
        facts={
            "algorithm": model.algorithm,
            "balance": model.balance,
            "calibration": model.calibrator.method,
            "AUC": _interval(m["auc"], model.intervals["auc"]),
            "AUC of the baseline": f"{m['baseline_auc']:.3f}",
            "PR-AUC": _interval(m["pr_auc"], model.intervals["pr_auc"]),
            "Brier score": _interval(m["brier"], model.intervals["brier"]),
            "calibration error (ECE)": f"{m['ece']:.3f}",
            "lift of the best tenth": _interval(m["lift_top_decile"], model.intervals["lift_top_decile"], digits=2),
            "base rate": f"{m['base_rate']:.2%}",
            "periods": ", ".join(f"{name} {count:,}" for name, count in model.rows.items()),
            "left out": "; ".join(f"{name}: {why}" for name, why in model.dropped.items()) or "no feature",
        },
        tables={
            "Deciles": model.deciles,
            "Importance": model.importance,
            "Groups": model.by_group,
            "Candidates": model.candidates.drop(columns=["is_chosen"]),
        },
        pictures=("calibration", "gain", "importance"),
    )


def cluster_card(model: "ClusterModel") -> ModelCard:
    profile = model.profile()
    sizes = profile.drop_duplicates("label")[["label", "name", "size", "share"]]
    return ModelCard(
        title="Customer clusters",
        summary={
            "clear": f"{model.k} clusters that stand apart from each other.",
            "weak": f"{model.k} stable parts of a continuum: useful to talk to, not separate kinds of people.",
            "none": "One cluster: nothing in these features tells groups of customers apart.",
        }[model.structure],
        facts={
            "algorithm": model.algorithm,
            "clusters": str(model.k),
            "structure": model.structure,
            "scaling": ", ".join(f"{name}: {method}" for name, method in model.scaler.methods.items()),
            "dimensions": f"{len(model.reduction.used)} features"
            if model.reduction.axes is None
            else f"{model.reduction.axes.shape[1]} components, {model.reduction.explained:.0%} of the variance",
            "left out": "; ".join(f"{name}: {why}" for name, why in model.dropped.items()) or "no feature",
        },
        tables={
            "Clusters": sizes,
            "Profile": profile,
            "Niches": model.niches.drop(columns=["niche"], errors="ignore"),
            "Events": model.events,
            "Selection": model.selection.drop(columns=["is_chosen"]),
        },
        pictures=("sizes", "silhouettes", "elbow", "heatmap"),
    )


def _interval(value: float, interval: tuple[float, float], digits: int = 3) -> str:
    return f"{value:.{digits}f} (95 %: {interval[0]:.{digits}f} to {interval[1]:.{digits}f})"


def _shown(table: pd.DataFrame) -> dict[str, Any]:
    head = table.head(LONGEST)
    rows = [[_cell(value) for value in row] for row in head.itertuples(index=False)]
    return {"columns": [str(column) for column in head.columns], "rows": rows}


def _cell(value: Any) -> dict[str, Any]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number:
        text = "" if value != value else f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    else:
        text = "" if value is None or value is pd.NA else str(value)
    return {"text": text, "is_number": is_number}
