"""Opportunities: what businesses may order, or did."""

from typing import Any

TABLE = "staging.stg_salesforce__opportunity"
KEY = ("opportunity_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToNotBeNull(column="opportunity_id"),
        gxe.ExpectColumnValuesToBeUnique(column="opportunity_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="stage"),
        gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0),
        gxe.ExpectColumnValuesToBeBetween(column="probability", min_value=0, max_value=1),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select opportunity_id from {batch} where is_won and not is_closed",
            description="what is won is closed",
        ),
    ]
