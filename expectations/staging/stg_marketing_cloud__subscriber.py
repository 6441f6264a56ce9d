"""Marketing Cloud's subscribers: who may still get e-mail."""

from typing import Any

TABLE = "pii.stg_marketing_cloud__subscriber"
KEY = ("subscriber_id",)
SINCE_FIRST_LOAD_OF = "marketing_cloud"


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="subscriber_id"),
        gxe.ExpectColumnValuesToBeUnique(column="subscriber_key"),
        gxe.ExpectColumnValuesToNotBeNull(column="has_opted_out"),
        gxe.ExpectColumnValuesToNotBeNull(column="is_reachable"),
        gxe.ExpectColumnValuesToNotBeNull(column="email", mostly=0.95),
        gxe.ExpectColumnValuesToNotBeNull(column="changed_at"),
        *(ExpectColumnLikeLastAccepted(column=column) for column in ("has_opted_out", "is_reachable")),
    ]
