"""Interactions: what was seen, put in the cart, said and answered."""

from typing import Any

TABLE = "marts.fct_interaction"
KEY = ("interaction_id",)
KINDS = ["visit", "lead", "sent", "answered", "open", "click", "bounce", "unsubscribe", "complaint"]


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="interaction_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="happened_at"),
        gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=KINDS),
        gxe.ExpectColumnValuesToBeInSet(column="channel", value_set=["web", "meta", "campaign", "email"]),
    ]
