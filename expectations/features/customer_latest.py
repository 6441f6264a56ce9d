"""The newest features of every customer: what models learn from and segments select on."""

from typing import Any

TABLE = "features.customer_latest"
KEY = ("customer_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="customer_id"),
        gxe.ExpectColumnValuesToBeBetween(column="age", min_value=16, max_value=110, mostly=0.999),
        gxe.ExpectColumnValuesToBeBetween(column="recency_days", min_value=0, max_value=3_650),
        gxe.ExpectColumnValuesToNotBeNull(column="recency_days", mostly=0.5),
        gxe.ExpectColumnValuesToBeBetween(column="frequency", min_value=0, max_value=10_000),
        gxe.ExpectColumnValuesToBeBetween(column="monetary", min_value=0, max_value=1_000_000),
        gxe.ExpectColumnMeanToBeBetween(column="monetary", min_value=0.01),
        gxe.ExpectColumnValuesToBeBetween(column="discount_share", min_value=0, max_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="evening_share", min_value=0, max_value=1),
        gxe.ExpectColumnValuesToNotBeNull(column="interests"),
    ]
