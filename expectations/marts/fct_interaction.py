"""Interactions: what was seen, put in the cart, said and answered."""

from typing import Any

TABLE = "marts.fct_interaction"
KEY = ("interaction_id",)
KINDS = ["visit", "lead", "sent", "answered", "open", "click", "bounce", "unsubscribe", "complaint"]
MAIL = ["account_engagement", "brevo", "hubspot", "mailchimp", "marketing_cloud"]


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted, ExpectRowCountLikeRecentRuns
    from expectations.rates import ExpectShareToBeAtLeast

    events = " union all ".join(f"select count(email) as events from pii.stg_{name}__email_event" for name in MAIL)
    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="interaction_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="happened_at"),
        gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=KINDS),
        gxe.ExpectColumnValuesToBeInSet(column="channel", value_set=["web", "meta", "campaign", "email"]),
        gxe.ExpectColumnValuesToBeBetween(column="views", min_value=0, max_value=10_000),
        gxe.ExpectColumnValuesToBeBetween(column="carts", min_value=0, max_value=10_000),
        gxe.ExpectColumnMaxToBeBetween(
            column="happened_at",
            min_value={"$PARAMETER": "clock - timedelta(days=3)"},
            max_value={"$PARAMETER": "clock + timedelta(days=1)"},
            description="the newest interaction is of the last three days, and not of the future",
        ),
        # Mailings come in bursts: over a week their share jumps, over four it does not (docs/adr/0016).
        ExpectRowCountLikeRecentRuns(time="happened_at", days=28),
        ExpectColumnLikeLastAccepted(column="kind", time="happened_at", days=28),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select avg((customer_id in (select customer_id from marts.dim_customer))::int) from {batch}
                where channel <> 'meta'""",
            minimum=0.99,
            description="customer_id is a customer we know",
        ),
        ExpectShareToBeAtLeast(
            unexpected_rows_query="""
                select avg((customer_id in (select customer_id from marts.dim_customer))::int) from {batch}
                where channel = 'meta'""",
            minimum=0.5,
            description="people who answered a lead form are customers, too",
        ),
        ExpectShareToBeAtLeast(
            unexpected_rows_query=f"""
                select count(*) filter (channel = 'email') / nullif((
                    select sum(events) from ({events})), 0)
                from {{batch}}""",
            minimum=0.9,
            description="e-mail events whose address is a customer's",
        ),
    ]
