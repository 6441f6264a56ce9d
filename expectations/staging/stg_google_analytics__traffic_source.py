"""Where visits came from."""

from typing import Any

TABLE = "staging.stg_google_analytics__traffic_source"
KEY = ("activity_date", "contact_id", "source", "medium")
SINCE_FIRST_LOAD_OF = "google_analytics"


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToNotBeNull(column="activity_date"),
        gxe.ExpectColumnValuesToNotBeNull(column="source", mostly=0.99),
        gxe.ExpectColumnValuesToNotBeNull(column="medium", mostly=0.99),
        gxe.ExpectColumnValuesToBeBetween(column="sessions", min_value=0, max_value=10_000),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select activity_date, contact_id, source, medium from {batch} "
            "where engaged_sessions > sessions",
            description="not more sessions are engaged than there were",
        ),
    ]
