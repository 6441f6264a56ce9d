"""A warning lets a run go on until its day, blocks after it, and cannot be without one."""

from types import SimpleNamespace
from typing import Any

import great_expectations.expectations as gxe
import pytest

from cohorte.lake import Lake
from cohorte.steps import gate as step
from cohorte.steps.gate import GateFailedError, gate, suites

LAYERS = ("staging", "marts", "features", "segments")


def warns(monkeypatch: pytest.MonkeyPatch, meta: dict[str, Any] | None) -> None:
    """The layer's one suite asks for what is not so: a product of a colour."""

    def expectations() -> list[Any]:
        return [gxe.ExpectColumnValuesToBeInSet(column="brand", value_set=["none such"], meta=meta)]

    suite = SimpleNamespace(TABLE="marts.dim_product", KEY=("product_id",), expectations=expectations)
    monkeypatch.setattr(step, "suites", lambda _layer: [suite])


def test_until_its_day_a_warning_is_reported_and_blocks_nothing(
    monkeypatch: pytest.MonkeyPatch, good: None, lake: Lake
) -> None:
    """The day is the business clock's: 2017-11-30 here."""
    warns(monkeypatch, {"severity": "warn", "until": "2017-11-30"})
    (found,) = [finding for finding in gate("marts", lake=lake).findings if not finding.passed]
    assert found.severity == "warn"
    stored = (
        "select severity, is_passed from ops.gate_result where gate = 'marts.dim_product' and column_name = 'brand'"
    )
    assert lake.rows(stored) == [("warn", False)]


@pytest.mark.parametrize("meta", [{"severity": "warn", "until": "2017-11-29"}, {"severity": "block"}, None])
def test_after_it_and_without_one_it_blocks(
    meta: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch, good: None, lake: Lake
) -> None:
    warns(monkeypatch, meta)
    with pytest.raises(GateFailedError, match=r"marts\.dim_product\.brand"):
        gate("marts", lake=lake)


@pytest.mark.parametrize(
    ("meta", "why"),
    [
        ({"severity": "warn"}, "a warning must say when it ends"),
        ({"severity": "warn", "until": "soon"}, "a warning must say when it ends"),
        ({"severity": "warn", "until": None}, "a warning must say when it ends"),
        ({"severity": "hint", "until": "2018-01-01"}, "severity is 'hint'; write block or warn"),
    ],
)
def test_a_warning_without_end_is_refused(
    meta: dict[str, Any], why: str, monkeypatch: pytest.MonkeyPatch, good: None, lake: Lake
) -> None:
    warns(monkeypatch, meta)
    with pytest.raises(ValueError, match=f"marts.dim_product: .*{why}"):
        gate("marts", lake=lake)


def test_every_warning_there_is_names_its_day() -> None:
    from datetime import date

    from cohorte.gates.evidence import severity

    said = [
        severity(suite.TABLE, expectation, date(2017, 11, 30))
        for layer in LAYERS
        for suite in suites(layer)
        for expectation in step.expectations(suite)
    ]
    assert len(said) > 200
    assert set(said) <= {"block", "warn"}
