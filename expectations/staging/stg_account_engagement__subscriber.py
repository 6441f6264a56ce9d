"""Who may be written to, as Account Engagement knows it."""

from typing import Any

TABLE = "pii.stg_account_engagement__subscriber"
KEY = ("subscriber_id",)
SINCE_FIRST_LOAD_OF = "account_engagement"


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="subscriber_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="has_opted_out"),
        gxe.ExpectColumnValuesToNotBeNull(column="is_reachable"),
        gxe.ExpectColumnValuesToNotBeNull(column="changed_at"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select subscriber_id from {batch} where email not like '%_@_%._%'",
            description="email looks like an e-mail address",
        ),
        *(ExpectColumnLikeLastAccepted(column=column) for column in ("has_opted_out", "is_reachable")),
    ]
