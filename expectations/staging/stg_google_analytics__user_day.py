"""Web activity."""

from typing import Any

TABLE = "staging.stg_google_analytics__user_day"
KEY = ("activity_date", "hour", "contact_id")
SINCE_FIRST_LOAD_OF = "google_analytics"


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted, ExpectRowCountLikeRecentRuns
    from expectations.rates import ExpectShareToBeAtLeast

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToNotBeNull(column="activity_date"),
        gxe.ExpectColumnValuesToBeBetween(column="hour", min_value=0, max_value=23),
        gxe.ExpectColumnValuesToBeInSet(
            column="device", value_set=["desktop", "mobile", "tablet", "smart tv"], mostly=0.99
        ),
        gxe.ExpectColumnValuesToBeBetween(column="sessions", min_value=0, max_value=10_000),
        gxe.ExpectColumnValuesToNotBeNull(column="contact_id", mostly=0.5),
        ExpectRowCountLikeRecentRuns(time="activity_date", days=7),
        ExpectColumnLikeLastAccepted(column="device", time="activity_date", days=7),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select sum(sessions * (contact_id in (select contact_id from pii.stg_salesforce__contact))::int)
                    / nullif(sum(sessions), 0)
                from {batch}""",
            minimum=0.5,
            description="sessions of people we know",
        ),
    ]
