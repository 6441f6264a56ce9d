"""What ads did: accounts without ads have none."""

from typing import Any

TABLE = "staging.stg_meta__ad_insight"
KEY = ("ad_insight_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeUnique(column="ad_insight_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="day"),
        gxe.ExpectColumnValuesToBeBetween(column="spend", min_value=0, max_value=1_000_000),
        gxe.ExpectColumnValuesToBeBetween(column="purchases", min_value=0),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select ad_insight_id from {batch} where clicks > impressions or reach > impressions",
            description="no more clicks or people than times it was shown",
        ),
    ]
