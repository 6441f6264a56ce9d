"""The personal part of the golden record: keys that platforms are sent."""

from typing import Any

TABLE = "pii.dim_contact"
KEY = ("customer_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.rates import ExpectShareToBeAtLeast

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="customer_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="email", mostly=0.8),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select customer_id from {batch} where email <> lower(trim(email))",
            description="email is in lower case, without blanks around it",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="""
                select customer_id from {batch}
                where phone_e164 not like '+%' or length(phone_e164) not between 8 and 16""",
            description="phone_e164 is a number as E.164 writes it",
        ),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select avg((customer_id in (select customer_id from {batch}))::int) from marts.dim_customer""",
            minimum=0.99,
            description="customers whose keys are known",
        ),
    ]
