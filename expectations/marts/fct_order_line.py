"""Order lines: what every monetary feature is summed from."""

from typing import Any

TABLE = "marts.fct_order_line"
KEY = ("order_line_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="order_line_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="ordered_at"),
        gxe.ExpectColumnValuesToBeBetween(column="sales_value", min_value=0, max_value=100_000),
        gxe.ExpectColumnValuesToNotBeNull(column="department", mostly=0.95),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="""
                select order_line_id from {batch}
                where customer_id not in (select customer_id from marts.dim_customer)""",
            description="customer_id is a customer we know",
        ),
    ]
