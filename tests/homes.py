"""Homes with an empty lake: prepared once, and copied for everybody who needs one of their own."""

import os
import subprocess
from contextlib import closing
from pathlib import Path

import fasteners
import psycopg2
import pytest

from cohorte import postgres
from cohorte.lake import Lake
from cohorte.settings import Settings


def prepared(made_in: pytest.TempPathFactory) -> Path:
    """The home all others are copies of; the first test process that asks makes it, the others wait."""
    shared = made_in.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    template = Settings(home=shared / "prepared" / "home", memory_limit="1GB")
    done = shared / "prepared" / "done"
    with fasteners.InterProcessLock(shared / "prepared.lock"):
        if not done.exists():
            postgres.create_databases(template)
            _forget_the_disk(template)
            with Lake.open(template) as lake:
                lake.prepare()
            postgres.stop(template)
            done.touch()
    return template.home


def copy(template: Path, settings: Settings) -> None:
    """Starts the server of a new home, whose lake is the template's in a folder of its own."""
    settings.home.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", template / "postgres", settings.home], check=True)  # who owns a file is kept, too
    subprocess.run(["cp", "-al", template / "extensions", settings.home], check=True)  # 140 MB nobody writes to
    with closing(psycopg2.connect(postgres.conninfo(settings))) as catalogue, catalogue, catalogue.cursor() as cursor:
        moved = "update ducklake_metadata set value = %s where key = 'data_path'"
        cursor.execute(moved, [f"{settings.data_path}/"])
        assert cursor.rowcount == 1


def _forget_the_disk(settings: Settings) -> None:
    """PostgreSQL need not survive a power cut here, nor tidy up; it does survive every process that tests kill."""
    connection = psycopg2.connect(postgres.conninfo(settings, "postgres"))
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            cursor.execute(f"alter system set {setting} = off")
        cursor.execute("select pg_reload_conf()")
