"""Customers: one row each, and nobody is lost between the contacts and here."""

from typing import Any

TABLE = "marts.dim_customer"
KEY = ("customer_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted
    from expectations.rates import ExpectShareToBeAtLeast

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="customer_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="customer_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="customer_since"),
        gxe.ExpectColumnValuesToBeBetween(column="contact_records", min_value=1, max_value=50),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="""
                select customer_id from pii.dim_contact where customer_id not in (select customer_id from {batch})""",
            description="every customer of dim_contact is here",
        ),
        gxe.ExpectColumnValuesToNotBeNull(column="city", mostly=0.5),
        *(ExpectColumnLikeLastAccepted(column=c) for c in ("age_band", "income_band", "city", "contact_records")),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="select avg(is_loyalty_member::int) from {batch}",
            minimum=0.5,
            description="customers with a loyalty id",
        ),
    ]
