"""Order lines: what every monetary feature is summed from."""

from typing import Any

TABLE = "marts.fct_order_line"
KEY = ("order_line_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted, ExpectRowCountLikeRecentRuns
    from expectations.rates import ExpectShareToBeAtLeast

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
        gxe.ExpectColumnValuesToBeBetween(column="quantity", min_value=0, max_value=100_000),
        gxe.ExpectColumnValuesToBeBetween(column="coupon_discount", min_value=0, max_value=1_000),
        gxe.ExpectColumnMaxToBeBetween(
            column="ordered_at",
            min_value={"$PARAMETER": "clock - timedelta(days=3)"},
            max_value={"$PARAMETER": "clock + timedelta(days=1)"},
            description="the newest order is of the last three days, and not of the future",
        ),
        ExpectRowCountLikeRecentRuns(),
        ExpectRowCountLikeRecentRuns(time="ordered_at", days=7),
        *(
            ExpectColumnLikeLastAccepted(column=column, time="ordered_at", days=7)
            for column in ("department", "sales_value", "quantity")
        ),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select avg((product_id in (select product_id from marts.dim_product))::int) from {batch}""",
            minimum=0.99,
            description="product_id is a product we know",
        ),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select (select count(*) from {batch}) / nullif(count(*), 0)
                from staging.stg_salesforce__order_item where not is_deleted""",
            minimum=0.99,
            description="lines in the CRM that have an order and a customer",
        ),
    ]
