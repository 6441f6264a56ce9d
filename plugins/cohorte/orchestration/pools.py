"""A pool a connection: what is sent through one connection is sent one sync at a time, whichever run it is of.

So two syncs never spend the rate of one account twice, and two runs of one sync never meet.
"""

from typing import Any

from airflow.listeners import hookimpl

from cohorte.activation.spec import connections
from cohorte.settings import get_settings


def pools() -> dict[str, str]:
    """The pool of each connection that a sync is declared for."""
    return {connection: f"sync_{connection}" for connection in connections(get_settings().dbt_project)}


@hookimpl
def on_starting(component: Any) -> None:
    """Makes the pools that are missing. Airflow calls this when its scheduler starts; slots set by hand are kept.

    It is called in the process of each task, too, which may not use the database.
    """
    if type(component).__name__ == "TaskRunnerMarker":
        return
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy.dialects.postgresql import insert

    wanted = [
        {
            "pool": pool,
            "slots": 1,
            "description": f"Syncs through {connection}, one at a time",
            "include_deferred": False,
        }
        for connection, pool in pools().items()
    ]
    if wanted:
        with create_session() as session:
            session.execute(insert(Pool).values(wanted).on_conflict_do_nothing(index_elements=["pool"]))
