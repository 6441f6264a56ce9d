"""Individuals: what people consent to. A flag that is lost would be a consent nobody gave."""

from typing import Any

TABLE = "pii.stg_salesforce__individual"
KEY = ("individual_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToNotBeNull(column="individual_id"),
        gxe.ExpectColumnValuesToBeUnique(column="individual_id"),
        *(
            gxe.ExpectColumnValuesToNotBeNull(column=column)
            for column in (
                "has_opted_out_processing",
                "has_opted_out_profiling",
                "has_opted_out_solicit",
                "has_opted_out_tracking",
                "should_forget",
            )
        ),
        gxe.ExpectColumnValuesToNotBeNull(column="modified_at"),
    ]
