"""One load of a source at a time, and nothing left of a load that was killed.

A load notes its id below `raw/_landing/<source>/` before it writes its first file and takes the note away once its
files are registered. A note that is found at the start of another load tells of one that died: its files are removed,
unless the lake knows the load, in which case it died after its commit.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from cohorte import postgres
from cohorte.lake import Lake
from cohorte.settings import Settings
from cohorte.storage import Storage

log = logging.getLogger(__name__)

ID_FORMAT = "%Y%m%dT%H%M%S.%f"
"""Load ids sort as they were given: staging reads only loads newer than the newest it has seen."""


@contextmanager
def alone(settings: Settings, source: str) -> Iterator[None]:
    """Holds the catalogue's lock on a source; waits for a load at work. The lock of a killed process is released."""
    import psycopg2

    connection = psycopg2.connect(postgres.conninfo(settings))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            name = f"cohorte land {source}"
            cursor.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
            if not cursor.fetchone()[0]:
                log.info("%s: another load is at work, waiting for it to end", source)
                cursor.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
        yield
    finally:
        connection.close()


def new_load_id(source: str, lake: Lake) -> str:
    """The time, or just after the newest load's id where this machine's clock is behind."""
    newest = lake.value("select max(load_id) from ops.load where source = ?", [source])
    now = datetime.now(UTC).strftime(ID_FORMAT)
    if newest is None or newest < now:
        return now
    return (datetime.strptime(newest, ID_FORMAT) + timedelta(microseconds=1)).strftime(ID_FORMAT)


def load_date(load_id: str) -> str:
    return f"{load_id[:4]}-{load_id[4:6]}-{load_id[6:8]}"


def files_of(load_id: str, source: str, stream: str, storage: Storage) -> list[str]:
    """Keys of the Parquet files a load wrote for a stream."""
    folder = f"raw/{source}/{stream}/load_date={load_date(load_id)}/"
    return [key for key in storage.list(folder) if key.startswith(f"{folder}{load_id}.")]


def announce(load_id: str, source: str, storage: Storage) -> None:
    storage.put(_note(load_id, source), b"")


def conclude(load_id: str, source: str, storage: Storage) -> None:
    storage.delete(_note(load_id, source))


def clear_leftovers(source: str, streams: tuple[str, ...], lake: Lake, storage: Storage) -> None:
    """Removes the files of loads that died before their commit. Call it `alone`."""
    for key in list(storage.list(f"raw/_landing/{source}/")):
        load_id = key.rsplit("/", 1)[1]
        if not lake.value("select count(*) from ops.load where source = ? and load_id = ?", [source, load_id]):
            left = [file for stream in streams for file in files_of(load_id, source, stream, storage)]
            for file in left:
                storage.delete(file)
            log.warning("%s: load %s ended before its commit; removed the %d files it left", source, load_id, len(left))
        conclude(load_id, source, storage)


def _note(load_id: str, source: str) -> str:
    return f"raw/_landing/{source}/{load_id}"
