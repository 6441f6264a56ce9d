"""Comments below posts."""

from typing import Any

TABLE = "pii.stg_meta__comment"
KEY = ("comment_id",)
SINCE_FIRST_LOAD_OF = "meta"


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeUnique(column="comment_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="meta_user_id", mostly=0.5),
        gxe.ExpectColumnValuesToNotBeNull(column="created_at"),
    ]
