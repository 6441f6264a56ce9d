"""The newest features of every customer: what models learn from and segments select on."""

from typing import Any

TABLE = "features.customer_latest"
KEY = ("customer_id",)
WATCHED = (
    *("age", "is_mailable", "recency_days", "frequency", "monetary", "spend_90d", "discount_share", "top_department"),
    *("campaigns_answered", "letters_90d", "web_sessions_90d", "main_device", "preferred_channel", "evening_share"),
)
"""What segments and models lean on most; one scan for all of them."""


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted
    from expectations.rates import ExpectShareToBeAtLeast

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="customer_id"),
        gxe.ExpectColumnValuesToBeBetween(column="age", min_value=16, max_value=110, mostly=0.999),
        gxe.ExpectColumnValuesToBeBetween(column="recency_days", min_value=0, max_value=3_650),
        gxe.ExpectColumnValuesToNotBeNull(column="recency_days", mostly=0.5),
        gxe.ExpectColumnValuesToBeBetween(column="frequency", min_value=0, max_value=10_000),
        gxe.ExpectColumnValuesToBeBetween(column="monetary", min_value=0, max_value=1_000_000),
        gxe.ExpectColumnMeanToBeBetween(column="monetary", min_value=0.01),
        gxe.ExpectColumnValuesToBeBetween(column="discount_share", min_value=0, max_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="evening_share", min_value=0, max_value=1),
        gxe.ExpectColumnValuesToNotBeNull(column="interests"),
        gxe.ExpectColumnValuesToNotBeNull(column="is_mailable"),
        gxe.ExpectColumnValuesToBeBetween(column="return_share_180d", min_value=0, max_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="mobile_share", min_value=0, max_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="letters_opened_share", min_value=0, max_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="best_send_hour", min_value=0, max_value=23),
        gxe.ExpectColumnMaxToBeBetween(
            column="as_of_date",
            min_value={"$PARAMETER": "clock - timedelta(days=2)"},
            max_value={"$PARAMETER": "clock + timedelta(days=1)"},
            description="the features are of yesterday or today",
        ),
        *(ExpectColumnLikeLastAccepted(column=column) for column in WATCHED),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select avg((customer_id in (select customer_id from {batch}))::int) from marts.dim_customer""",
            minimum=0.99,
            description="customers with features",
        ),
    ]
