"""What all tests share: a lake of their own, on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

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
    postgres.create_databases(settings)
    with Lake.open(settings) as lake:
        lake.prepare()
        yield lake
    postgres.stop(settings)
