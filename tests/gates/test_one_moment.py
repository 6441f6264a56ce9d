"""A gate looks at one snapshot of the lake, whoever writes while it does."""

import json
from types import SimpleNamespace
from typing import Any

import great_expectations.expectations as gxe
import pytest

from cohorte.lake import Lake
from cohorte.steps import gate as step
from cohorte.steps.gate import gate


def test_what_is_written_while_a_gate_looks_is_for_the_next_one(
    monkeypatch: pytest.MonkeyPatch, good: None, lake: Lake
) -> None:
    """Somebody forgets a product while the first of two tables is looked at."""
    products = lake.value("select count(*) from marts.dim_product")

    def of_campaigns() -> list[Any]:
        with Lake.open(lake.settings) as somebody:
            somebody.execute(
                "delete from marts.dim_product where product_id in (select min(product_id) from marts.dim_product)"
            )
        return [gxe.ExpectTableRowCountToBeBetween(min_value=1)]

    def of_products() -> list[Any]:
        return [gxe.ExpectTableRowCountToEqual(value=products)]

    suites = [
        SimpleNamespace(TABLE="marts.dim_campaign", KEY=("campaign_id",), expectations=of_campaigns),
        SimpleNamespace(TABLE="marts.dim_product", KEY=("product_id",), expectations=of_products),
    ]
    monkeypatch.setattr(step, "suites", lambda _layer: suites)
    assert gate("marts", lake=lake).blocking == ()
    assert lake.value("select count(*) from marts.dim_product") == products - 1
    (accepted,) = lake.rows("select profile from ops.gate_accepted where gate = 'marts.dim_product'")
    assert json.loads(accepted[0])["rows"][""] == products
