"""Contacts: the records identity is made of."""

from datetime import date
from typing import Any

TABLE = "pii.stg_salesforce__contact"
KEY = ("contact_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="contact_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="contact_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="family_name", mostly=0.99),
        gxe.ExpectColumnValuesToNotBeNull(column="email", mostly=0.8),
        gxe.ExpectColumnValuesToBeBetween(column="birth_date", min_value=date(1900, 1, 1), mostly=0.999),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select contact_id from {batch} where email not like '%_@_%._%'",
            description="email looks like an e-mail address",
        ),
        gxe.ExpectColumnValuesToNotBeNull(column="modified_at"),
    ]
