"""Campaigns of the CRM."""

from typing import Any

TABLE = "staging.stg_salesforce__campaign"
KEY = ("campaign_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeUnique(column="campaign_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="campaign_name"),
        gxe.ExpectColumnValuesToNotBeNull(column="is_deleted"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select campaign_id from {batch} where ends_on < starts_on",
            description="ends_on is not before starts_on",
        ),
    ]
