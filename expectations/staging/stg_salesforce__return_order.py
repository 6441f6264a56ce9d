"""Returns: what was brought back when. An org without them has none, so none is no fault."""

from typing import Any

TABLE = "staging.stg_salesforce__return_order"
KEY = ("return_order_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted
    from expectations.rates import ExpectShareToBeAtLeast

    return [
        gxe.ExpectColumnValuesToBeUnique(column="return_order_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="returned_at"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="""
                select return_order_id from {batch} where returned_at > created_at + interval 1 day""",
            description="returned_at is not later than the record of it",
        ),
        ExpectColumnLikeLastAccepted(column="status"),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select avg((order_id in (select order_id from staging.stg_salesforce__order))::int)
                from {batch} where not is_deleted""",
            minimum=0.95,
            description="order_id is an order we know",
        ),
    ]
