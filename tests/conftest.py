"""What all tests share: a lake of their own, on a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from cohorte import postgres
from cohorte.lake import Lake
from cohorte.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a home of their own; the business day is the sandbox's first."""
    home: Path = tmp_path_factory.mktemp("home")
    return Settings(home=home, clock="2017-11-30T23:59:59", memory_limit="1GB", threads=1)


@pytest.fixture(scope="module")
def lake(settings: Settings) -> Iterator[Lake]:
    """An empty lake, prepared; shared by the tests of one module."""
    _forget_the_disk(settings)
    postgres.create_databases(settings)
    with Lake.open(settings) as lake:
        lake.prepare()
        yield lake
    postgres.stop(settings)


def _forget_the_disk(settings: Settings) -> None:
    """PostgreSQL need not survive a power cut here; it does survive every process that tests kill."""
    connection = psycopg2.connect(postgres.conninfo(settings, "postgres"))
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            cursor.execute(f"alter system set {setting} = off")
        cursor.execute("select pg_reload_conf()")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs first, half of them to each of the two processes, so that no long test is left for the end."""
    whole_runs = [item for item in items if "stack" in item.path.parts]
    others = [item for item in items if "stack" not in item.path.parts]
    half = len(others) // 2
    items[:] = whole_runs[::2] + others[:half] + whole_runs[1::2] + others[half:]
