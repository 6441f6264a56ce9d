"""What became of letters sent over Account Engagement."""

from typing import Any

TABLE = "pii.stg_account_engagement__email_event"
KEY = ("event_id",)
SINCE_FIRST_LOAD_OF = "account_engagement"


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="event_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="happened_at"),
        gxe.ExpectColumnValuesToBeInSet(
            column="kind", value_set=["sent", "open", "click", "bounce", "unsubscribe", "complaint"]
        ),
        ExpectColumnLikeLastAccepted(column="kind"),
    ]
