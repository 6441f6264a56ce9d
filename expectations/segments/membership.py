"""Who is in what: the last look before anything leaves the house."""

from typing import Any

TABLE = "segments.membership"
KEY = ("segment", "customer_id")


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectRowCountLikeRecentRuns

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["segment", "customer_id"]),
        gxe.ExpectColumnValuesToNotBeNull(column="entered_at"),
        gxe.ExpectColumnValuesToBeBetween(column="score", min_value=0, max_value=1),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="""
                select segment, customer_id from {batch}
                where customer_id not in (select customer_id from marts.dim_customer)""",
            description="customer_id is a customer we know",
        ),
        # A segment that comes or goes is a decision: only half or twice the members is a surprise here. What each sync
        # may remove is for its own guard.
        ExpectRowCountLikeRecentRuns(share=1.0),
    ]
