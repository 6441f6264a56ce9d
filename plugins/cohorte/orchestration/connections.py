"""From an Airflow connection to the plain value that sources and destinations take."""

from airflow.sdk import BaseHook

from cohorte.credentials import Credentials


def credentials(connection_id: str) -> Credentials:
    """The connection, from whichever secrets backend Airflow is configured with.

    Raises RuntimeError when there is none of that name.
    """
    try:
        connection = BaseHook.get_connection(connection_id)
    except Exception as error:  # each secrets backend has its own "not found"
        raise RuntimeError(
            f'connection "{connection_id}" is not defined. Add it in Airflow (Admin > Connections), '
            f"or as AIRFLOW_CONN_{connection_id.upper()}; the sandbox's are there while it runs (make up)."
        ) from error
    return Credentials.from_mapping(
        connection_id,
        {
            "conn_type": connection.conn_type,
            "host": connection.host,
            "port": connection.port,
            "login": connection.login,
            "password": connection.password,
            "schema": connection.schema,
            "extra": connection.extra_dejson,
        },
    )
