"""What `make new-source` writes; that all of it passes at once is tried in `.ci/run`."""

import ast
import shutil
from pathlib import Path

import pytest
import yaml

from cohorte.scaffold import KINDS, new_source
from cohorte.settings import ROOT
from cohorte.sources import declared

REGISTRY = Path("plugins/cohorte/sources/__init__.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / REGISTRY).parent.mkdir(parents=True)
    shutil.copy(ROOT / REGISTRY, tmp_path / REGISTRY)
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_can_be_read_and_no_word_is_left_open(root: Path, kind: str) -> None:
    written = new_source("loyalty_app", "member", kind, root)
    assert len(written) == len(set(written)) >= 8
    for path in written:
        content = path.read_text()
        assert "$" not in content, path
        assert len(max(content.splitlines(), key=len)) <= 120, path
        if path.suffix == ".py":
            ast.parse(content)
        elif path.suffix == ".yml":
            assert yaml.safe_load(content)
    folders = {path.relative_to(root).parts[0] for path in written}
    assert folders >= {"dags", "dbt_project", "expectations", "sandbox", "tests"}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "api"])
def test_a_declaration_is_one_we_can_open(root: Path, kind: str) -> None:
    new_source("loyalty_app", "member", kind, root)
    found = declared.read(root)["loyalty_app"]
    assert found.is_ours
    assert [(stream.name, stream.key) for stream in found.streams()] == [("member", ("id",))]


def test_a_module_is_put_into_the_registry(root: Path) -> None:
    new_source("loyalty_app", "member", "api", root)
    names: dict[str, tuple[str, ...]] = {}
    for node in ast.parse((root / REGISTRY).read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id] = ast.literal_eval(node.value)
    assert names["NAMES"][-1] == "loyalty_app"


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("LoyaltyApp", "api", "snake_case, like loyalty_app, not 'LoyaltyApp'"),
        ("two__lines", "api", "snake_case"),
        ("loyalty_app", "ftp", "kind is one of api, rest, files, sql, not 'ftp'"),
    ],
)
def test_a_name_that_will_not_do_is_refused(root: Path, name: str, kind: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        new_source(name, "member", kind, root)


def test_nothing_is_written_over(root: Path) -> None:
    new_source("loyalty_app", "member", "files", root)
    before = {path: path.read_text() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match="is there already"):
        new_source("loyalty_app", "member", "files", root)
    assert before == {path: path.read_text() for path in root.rglob("*") if path.is_file()}
