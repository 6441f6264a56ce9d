"""What the DAGs hand to each other. An update of one starts whoever is scheduled on it."""

from airflow.sdk import Asset, AssetAny

FEATURES = Asset("features", uri="cohorte://features/customer_latest")
MODELS = Asset("models", uri="cohorte://ml/model_version")
SEGMENTS = Asset("segments", uri="cohorte://segments/membership")
AUDIENCES = Asset("audiences", uri="cohorte://activation/acknowledged")
DRIFT = Asset("drift", uri="cohorte://ml/drift_result")
DRIFTED = "drifted"
"""The alias under which DRIFT is updated, only when a model has begun to drift."""


def landed(source: str) -> Asset:
    """Something new in the raw tables of a source."""
    return Asset(f"raw_{source}", uri=f"cohorte://raw/{source}")


def anything_landed() -> AssetAny:
    """Something new in any source there is."""
    from cohorte.landing import catalog
    from cohorte.settings import get_settings

    return AssetAny(*(landed(name) for name in catalog.names(get_settings())))
