"""What `make new-segment` writes; that it passes at once is seen in tests/contract/test_segments.py."""

from pathlib import Path

import pytest
import yaml

from cohorte.scaffold import SEGMENT_KINDS, new_segment

FOLDER = Path("dbt_project/models/segments")


@pytest.mark.parametrize("kind", SEGMENT_KINDS)
def test_a_select_and_its_yaml_are_written(tmp_path: Path, kind: str) -> None:
    written = new_segment("young_shoppers", kind, tmp_path)
    assert [path.relative_to(tmp_path) for path in written] == [
        FOLDER / "seg_young_shoppers.sql",
        FOLDER / "seg_young_shoppers.yml",
    ]
    select, about = (path.read_text() for path in written)
    assert select.startswith("-- Young shoppers: ") and "$" not in select + about
    declared = yaml.safe_load(about)
    (model,), (test,) = declared["models"], declared["unit_tests"]
    assert model["name"] == test["model"] == "seg_young_shoppers"
    assert model["config"]["meta"]["kind"] == kind
    assert model["description"] and all(column["description"] for column in model["columns"])


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("YoungShoppers", "rule", "the name of a segment is in snake_case, like young_shoppers, not 'YoungShoppers'"),
        ("young_shoppers", "guess", "kind is one of rule, propensity, not 'guess'"),
    ],
)
def test_what_will_not_do_is_refused(tmp_path: Path, name: str, kind: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        new_segment(name, kind, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(tmp_path: Path) -> None:
    new_segment("young_shoppers", "rule", tmp_path)
    with pytest.raises(ValueError, match="is there already"):
        new_segment("young_shoppers", "propensity", tmp_path)
