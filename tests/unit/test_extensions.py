"""DuckDB's extensions are loaded unchecked (docs/adr/0028), because none is put in place that DuckDB has not signed."""

import importlib
import shutil
import sys
from pathlib import Path

import duckdb
import pytest

from cohorte.lake import EXTENSIONS, connection_config
from cohorte.settings import Settings


def tamper(folder: Path, name: str) -> None:
    """Makes one bit of an extension, somewhere below a folder, another."""
    (path,) = folder.rglob(f"{name}.duckdb_extension")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        (byte,) = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("name", EXTENSIONS)
def test_what_is_not_as_duckdb_signed_it_is_not_put_in_place(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = f"duckdb_extension_{name}"
    shutil.copytree(Path(str(importlib.import_module(package).__file__)).parent, tmp_path / package)
    tamper(tmp_path / package, name)
    monkeypatch.delitem(sys.modules, package)
    monkeypatch.syspath_prepend(tmp_path)
    settings = Settings(home=tmp_path / "home")
    for _ in range(2):  # nor is it taken for complete the next time
        with pytest.raises(duckdb.IOException, match="valid signature"):
            connection_config(settings)
    assert list((settings.home / "extensions").rglob(f"{name}.duckdb_extension")) == []


def test_what_lies_there_already_is_looked_at_before_it_counts(tmp_path: Path) -> None:
    """As after a machine that went down while they were put in place."""
    settings = Settings(home=tmp_path / "home")
    connection_config(settings)
    complete = settings.home / "extensions" / ".complete"
    complete.unlink()
    tamper(settings.home / "extensions", "ducklake")
    with pytest.raises(duckdb.IOException, match="signature"):
        connection_config(settings)
    assert not complete.exists()
