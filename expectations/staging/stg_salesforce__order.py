"""Orders: who bought when."""

from typing import Any

TABLE = "staging.stg_salesforce__order"
KEY = ("order_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="order_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="contact_id", mostly=0.99),
        gxe.ExpectColumnValuesToNotBeNull(column="ordered_at"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select order_id from {batch} where ordered_at > created_at + interval 1 day",
            description="ordered_at is not later than the record of it",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="""
                select order_id from {batch}
                where contact_id not in (select contact_id from pii.stg_salesforce__contact)""",
            description="contact_id refers to a contact",
        ),
    ]
