"""Identity events: nobody merges with themselves. There may be none."""

from typing import Any

TABLE = "marts.fct_identity_event"
KEY = ("identity_event_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeUnique(column="identity_event_id"),
        gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=["merge", "split", "move"]),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select identity_event_id from {batch} where customer_id = other_customer_id",
            description="two different customers take part",
        ),
    ]
