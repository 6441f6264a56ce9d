"""Returned lines: what return features are summed from. An org without returns has none, so none is no fault."""

from typing import Any

TABLE = "staging.stg_salesforce__return_order_line_item"
KEY = ("return_line_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.rates import ExpectShareToBeAtLeast

    return [
        gxe.ExpectColumnValuesToBeUnique(column="return_line_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="return_order_id"),
        gxe.ExpectColumnValuesToBeBetween(column="refund_value", min_value=0, max_value=10_000),
        gxe.ExpectColumnValuesToBeBetween(column="quantity", min_value=0, max_value=100_000),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select avg((return_order_id in (select return_order_id from staging.stg_salesforce__return_order))::int)
                from {batch} where not is_deleted""",
            minimum=0.99,
            description="return_order_id is a return we know",
        ),
    ]
