"""Consents by way of contact: one that is not understood would be one nobody gave."""

from typing import Any

TABLE = "staging.stg_salesforce__contact_point_type_consent"
KEY = ("consent_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeUnique(column="consent_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="individual_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="channel"),
        gxe.ExpectColumnValuesToNotBeNull(column="modified_at"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select consent_id from {batch} where effective_to < effective_from",
            description="a consent ends after it begins",
        ),
    ]
