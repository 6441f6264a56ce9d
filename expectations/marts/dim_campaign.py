"""Campaigns: each begins before it ends."""

from typing import Any

TABLE = "marts.dim_campaign"
KEY = ("campaign_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="campaign_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="starts_on"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select campaign_id from {batch} where ends_on < starts_on",
            description="ends_on is not before starts_on",
        ),
    ]
