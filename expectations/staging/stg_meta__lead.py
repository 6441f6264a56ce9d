"""Answers to lead forms."""

from typing import Any

TABLE = "pii.stg_meta__lead"
KEY = ("lead_id",)
SINCE_FIRST_LOAD_OF = "meta"


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeUnique(column="lead_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="email", mostly=0.8),
        gxe.ExpectColumnValuesToNotBeNull(column="created_at"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select lead_id from {batch} where email not like '%_@_%._%'",
            description="email looks like an e-mail address",
        ),
    ]
