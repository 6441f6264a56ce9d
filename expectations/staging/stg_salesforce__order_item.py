"""Order lines: the facts every behavioural feature is made of."""

from typing import Any

TABLE = "staging.stg_salesforce__order_item"
KEY = ("order_line_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="order_line_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="order_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="product_id", mostly=0.99),
        gxe.ExpectColumnValuesToNotBeNull(column="sales_value", mostly=0.99),
        gxe.ExpectColumnValuesToBeBetween(column="sales_value", min_value=0, max_value=10_000),
        gxe.ExpectColumnValuesToBeBetween(column="coupon_discount", min_value=0, max_value=1_000),
        gxe.ExpectColumnValuesToBeBetween(column="quantity", min_value=0, max_value=100_000),
    ]
