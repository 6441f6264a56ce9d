"""Models on data frames: customer clusters and propensities. Knows no lake and no scheduler; use it in a notebook.

from models_ml import fit_clusters, train_propensity
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models_ml.clusters import ClusterModel, fit_clusters
    from models_ml.propensity import PropensityModel, train_propensity

__all__ = ["ClusterModel", "PropensityModel", "fit_clusters", "train_propensity"]

_HOMES = {
    "ClusterModel": "models_ml.clusters",
    "PropensityModel": "models_ml.propensity",
    "fit_clusters": "models_ml.clusters",
    "train_propensity": "models_ml.propensity",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
