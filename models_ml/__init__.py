"""Models on data frames: clusters, propensities, uplift, audits. Knows no lake and no scheduler; use it in a notebook.

from models_ml import audit_selection, fit_clusters, train_propensity
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models_ml.audit import AuditReport, audit_selection
    from models_ml.clusters import ClusterModel, fit_clusters
    from models_ml.propensity import PropensityModel, train_propensity

__all__ = ["AuditReport", "ClusterModel", "PropensityModel", "audit_selection", "fit_clusters", "train_propensity"]

_HOMES = {
    "AuditReport": "models_ml.audit",
    "ClusterModel": "models_ml.clusters",
    "PropensityModel": "models_ml.propensity",
    "audit_selection": "models_ml.audit",
    "fit_clusters": "models_ml.clusters",
    "train_propensity": "models_ml.propensity",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
