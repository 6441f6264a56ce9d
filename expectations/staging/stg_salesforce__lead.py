"""Leads: prospects, some of whom became contacts."""

from typing import Any

TABLE = "pii.stg_salesforce__lead"
KEY = ("lead_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToNotBeNull(column="lead_id"),
        gxe.ExpectColumnValuesToBeUnique(column="lead_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="family_name", mostly=0.99),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select lead_id from {batch} where email not like '%_@_%._%'",
            description="email looks like an e-mail address",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select lead_id from {batch} where is_converted <> (contact_id is not null)",
            description="a converted lead names its contact, and no other does",
        ),
    ]
