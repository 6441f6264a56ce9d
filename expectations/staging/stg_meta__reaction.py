"""Reactions to the page's posts."""

from typing import Any

TABLE = "pii.stg_meta__reaction"
KEY = ("reaction_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeUnique(column="reaction_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="meta_user_id"),
        gxe.ExpectColumnValuesToBeInSet(
            column="kind", value_set=["like", "love", "care", "wow", "haha", "sad", "angry"], mostly=0.99
        ),
    ]
