"""How far web figures can be trusted: reports that hide too much stop what is built on them."""

from typing import Any

TABLE = "staging.stg_google_analytics__report"
KEY = ("report_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeUnique(column="report_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="asked_at"),
        gxe.ExpectColumnValuesToBeBetween(column="sampled_share", min_value=0.01, max_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="tokens_left_of_day", min_value=0),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select report_id from {batch} where last_day < first_day",
            description="a report ends after it begins",
        ),
    ]
