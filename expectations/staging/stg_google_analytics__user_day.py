"""Web activity."""

from typing import Any

TABLE = "staging.stg_google_analytics__user_day"
KEY = ("activity_date", "hour", "contact_id")
SINCE_FIRST_LOAD_OF = "google_analytics"


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToNotBeNull(column="activity_date"),
        gxe.ExpectColumnValuesToBeBetween(column="hour", min_value=0, max_value=23),
        gxe.ExpectColumnValuesToBeInSet(
            column="device", value_set=["desktop", "mobile", "tablet", "smart tv"], mostly=0.99
        ),
        gxe.ExpectColumnValuesToBeBetween(column="sessions", min_value=0, max_value=10_000),
        gxe.ExpectColumnValuesToNotBeNull(column="contact_id", mostly=0.5),
    ]
