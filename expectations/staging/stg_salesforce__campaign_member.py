"""Who was sent which campaign."""

from typing import Any

TABLE = "staging.stg_salesforce__campaign_member"
KEY = ("campaign_member_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted
    from expectations.rates import ExpectShareToBeAtLeast

    return [
        gxe.ExpectColumnValuesToBeUnique(column="campaign_member_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="has_responded"),
        gxe.ExpectColumnValuesToBeBetween(column="redemptions", min_value=0, max_value=1_000),
        ExpectColumnLikeLastAccepted(column="status"),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select avg((campaign_id in (select campaign_id from staging.stg_salesforce__campaign))::int)
                from {batch} where not is_deleted""",
            minimum=0.99,
            description="campaign_id is a campaign we know",
        ),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select avg((contact_id in (select contact_id from pii.stg_salesforce__contact))::int)
                from {batch} where not is_deleted""",
            minimum=0.95,
            description="contact_id is a contact we know",
        ),
    ]
