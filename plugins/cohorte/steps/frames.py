"""Frames for models: what was known of each customer on a date, and what happened after it."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from cohorte.lake import Lake

if TYPE_CHECKING:
    import pandas as pd

HORIZON = timedelta(days=30)
"""How far ahead the propensity looks."""

BEHAVIOUR = {
    "baskets_90d": ("occasional", "frequent"),
    "average_basket": ("small basket", "big basket"),
    "coupon_baskets_90d": ("coupon averse", "coupon lovers"),
    "fresh_share": ("pantry", "fresh food"),
}
"""What customers are clustered on, how they buy and not who they are; and what to call the low and the high end.

Few and little correlated on purpose: with fifteen behaviours the only stable answer was "much" and "little" (k = 2).
"""

PREDICTORS = (
    "recency_days",
    "baskets_90d",
    "spend_90d",
    "average_basket",
    "inter_purchase_days",
    "discount_share",
    "coupon_baskets_90d",
    "category_entropy",
    "fresh_share",
    "meat_share",
    "personal_care_share",
    "deli_share",
    "evening_share",
    "weekend_share",
    "web_sessions_90d",
    "frequency",
    "monetary",
    "tenure_days",
    "inter_purchase_variation",
    "baskets_30d",
    "spend_30d",
    "spend_trend",
    "coupon_baskets",
    "coupon_recency_days",
    "departments",
    "campaigns_received",
    "campaigns_answered",
    "campaigns_running",
    "web_views_90d",
    "web_carts_90d",
    "web_recency_days",
    "mobile_share",
)
"""What the propensity may look at. Demographics are not among them; they are what it is audited against."""

SENSITIVE = ("age_band", "income_band")


def latest(lake: Lake, columns: Iterable[str]) -> "pd.DataFrame":
    """The newest features of every customer who ever bought, indexed by customer_id, in its order."""
    return _frame(lake, f"select customer_id, {', '.join(columns)} from features.customer_latest where frequency > 0")


def with_outcome(lake: Lake, columns: tuple[str, ...], *, after: date | None = None) -> "pd.DataFrame":
    """Features on every as-of date whose 30 days are over, and whether a coupon was used in them.

    Columns: the given ones, as_of_date, redeemed (0 or 1). One row per customer and as-of date; customers who had
    not bought yet are left out, because there is nothing to know about them; so are those who are none any more (merged
    into another, or deleted), because what they bought since is not seen. after: only as-of dates later than that.
    """
    return _frame(
        lake,
        f"""
        with last as (select max(as_of_date) as as_of_date from features.customer),
        used as (
            select distinct customer_id, ordered_on from marts.fct_order_line where coupon_discount > 0
        )
        select
            f.customer_id,
            {", ".join("f." + column for column in columns)},
            f.as_of_date,
            (exists (
                select 1 from used
                where used.customer_id = f.customer_id
                    and used.ordered_on > f.as_of_date
                    and used.ordered_on <= f.as_of_date + {HORIZON.days}
            ))::integer as redeemed
        from features.customer as f, last
        where f.frequency > 0
            and f.customer_id in (select customer_id from marts.dim_customer)
            and f.as_of_date + {HORIZON.days} <= last.as_of_date
            and f.as_of_date = last_day(f.as_of_date)
            and f.as_of_date > coalesce(?::date, date '-infinity')""",
        [after],
    )


def as_of(lake: Lake) -> date:
    """The newest as-of date. Raises RuntimeError when no features are built."""
    newest = lake.value("select max(as_of_date) from features.customer")
    if newest is None:
        raise RuntimeError("features.customer is empty: run build_features first")
    return newest


def _frame(lake: Lake, query: str, parameters: Sequence[Any] = ()) -> "pd.DataFrame":
    return lake.connection.execute(f"from ({query}) order by all", list(parameters)).df().set_index("customer_id")
