"""What every DAG has in common."""

from datetime import timedelta
from typing import Any

OWNER = "data-eng"

DEFAULTS: dict[str, Any] = {
    "catchup": False,
    "max_active_runs": 1,
    "is_paused_upon_creation": False,
    "default_args": {
        "owner": OWNER,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
        "execution_timeout": timedelta(hours=2),
    },
}
"""No start date: a schedule begins with its next tick, not with the last one missed. The number of retries is the
deployment's: AIRFLOW__CORE__DEFAULT_TASK_RETRIES."""


class Tag:
    """The words to find DAGs by."""

    HOURLY = "hourly"
    DAILY = "daily"
    EXTRACT = "extract"
    BUILD = "build"
    MODELS = "models"
    SEGMENTS = "segments"
    ACTIVATION = "activation"
    MAINTENANCE = "maintenance"
    PRIVACY = "privacy"
