"""Consent: a clear answer per customer, channel and purpose, of customers we know."""

from typing import Any

TABLE = "marts.dim_consent"
KEY = ("customer_id", "channel", "purpose")


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted
    from expectations.rates import ExpectShareToBeAtLeast

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["customer_id", "channel", "purpose"]),
        gxe.ExpectColumnValuesToNotBeNull(column="is_granted"),
        gxe.ExpectColumnValuesToNotBeNull(column="decided_at"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="""
                select customer_id, channel, purpose from {batch}
                where customer_id not in (select customer_id from marts.dim_customer)""",
            description="customer_id is a customer we know",
        ),
        gxe.ExpectColumnValuesToBeInSet(column="channel", value_set=["email", "phone", "mail", "ads", "any"]),
        gxe.ExpectColumnValuesToBeInSet(column="purpose", value_set=["marketing", "profiling"]),
        ExpectColumnLikeLastAccepted(column="is_granted"),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select avg((customer_id in (
                    select customer_id from {batch} where channel = 'email' and purpose = 'marketing'))::int)
                from marts.dim_customer""",
            minimum=0.99,
            description="customers with an answer for marketing by e-mail",
        ),
    ]
