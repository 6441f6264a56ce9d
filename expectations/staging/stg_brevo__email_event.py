"""What became of e-mails sent over Brevo; accounts that are not of the enterprise plan export none."""

from typing import Any

TABLE = "pii.stg_brevo__email_event"
KEY = ("event_id",)
SINCE_FIRST_LOAD_OF = "brevo"


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted

    return [
        gxe.ExpectColumnValuesToBeUnique(column="event_id"),
        gxe.ExpectColumnValuesToBeInSet(
            column="kind", value_set=["sent", "open", "click", "bounce", "unsubscribe", "complaint"]
        ),
        gxe.ExpectColumnValuesToNotBeNull(column="happened_at"),
        gxe.ExpectColumnValuesToNotBeNull(column="email", mostly=0.95),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select event_id from {batch} where (kind = 'click') <> (url is not null)",
            description="a click, and nothing else, has a url",
        ),
        ExpectColumnLikeLastAccepted(column="kind"),
    ]
