"""Returned lines of customers: what return features are summed from. A shop that takes nothing back has none."""

from typing import Any

TABLE = "marts.fct_return_line"
KEY = ("return_line_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted, ExpectRowCountLikeRecentRuns
    from expectations.rates import ExpectShareToBeAtLeast

    return [
        gxe.ExpectColumnValuesToBeUnique(column="return_line_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="returned_at"),
        gxe.ExpectColumnValuesToBeBetween(column="refund_value", min_value=0, max_value=10_000),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select return_line_id from {batch} where returned_at < ordered_at - interval 1 day",
            description="nothing is brought back before it was bought",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="""
                select return_line_id from {batch}
                where customer_id not in (select customer_id from marts.dim_customer)""",
            description="customer_id is a customer we know",
        ),
        ExpectRowCountLikeRecentRuns(),
        ExpectColumnLikeLastAccepted(column="reason"),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select (select count(*) from {batch} where cancelled_at is null) / nullif(count(*), 0)
                from staging.stg_salesforce__return_order_line_item as lines
                inner join staging.stg_salesforce__return_order as returns
                    on returns.return_order_id = lines.return_order_id
                where not lines.is_deleted and not returns.is_deleted and returns.status is distinct from 'Canceled'""",
            minimum=0.95,
            description="returned lines in the CRM that have an order and a customer",
        ),
    ]
