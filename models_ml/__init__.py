"""Models on data frames: clusters, propensities, uplift, audits. Knows no lake and no scheduler; use it in a notebook.

from models_ml import audit_selection, compare, fit_clusters, train_propensity, train_uplift
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models_ml.audit import AuditReport, audit_selection
    from models_ml.clusters import ClusterModel, fit_clusters
    from models_ml.drift import DriftReport, compare, compare_outcomes, compare_scores
    from models_ml.propensity import PropensityModel, train_propensity
    from models_ml.uplift import UpliftModel, train_uplift

__all__ = [
    "AuditReport",
    "ClusterModel",
    "DriftReport",
    "PropensityModel",
    "UpliftModel",
    "audit_selection",
    "compare",
    "compare_outcomes",
    "compare_scores",
    "fit_clusters",
    "train_propensity",
    "train_uplift",
]

_HOMES = {
    "AuditReport": "models_ml.audit",
    "ClusterModel": "models_ml.clusters",
    "DriftReport": "models_ml.drift",
    "PropensityModel": "models_ml.propensity",
    "UpliftModel": "models_ml.uplift",
    "audit_selection": "models_ml.audit",
    "compare": "models_ml.drift",
    "compare_outcomes": "models_ml.drift",
    "compare_scores": "models_ml.drift",
    "fit_clusters": "models_ml.clusters",
    "train_propensity": "models_ml.propensity",
    "train_uplift": "models_ml.uplift",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
