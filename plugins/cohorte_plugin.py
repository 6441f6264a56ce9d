"""What Airflow loads of Cohorte when one of its components starts."""

from airflow.plugins_manager import AirflowPlugin

from cohorte.orchestration import pools


class CohortePlugin(AirflowPlugin):
    """A pool for every connection that syncs send through."""

    name = "cohorte"
    listeners = [pools]  # noqa: RUF012
