-- Buying behaviour per customer and as-of date, from what was bought and known by the end of that day.
with baskets as (
    select
        dates.as_of_date,
        known.customer_id,
        known.order_id,
        min(known.ordered_at) as ordered_at,
        sum(known.value) as value,
        sum(known.discount) as discount,
        bool_or(known.used_coupon) as used_coupon
    from {{ ref('int_features__as_of') }} as dates
    inner join {{ ref('int_features__baskets') }} as known
        on known.known_on <= dates.as_of_date and known.ordered_at < dates.as_of_date + interval 1 day
    group by all
),

gaps as (
    select
        *,
        date_diff('day', lag(ordered_at) over (
            partition by as_of_date, customer_id order by ordered_at, order_id
        ), ordered_at) as gap_days,
        date_diff('day', ordered_at::date, as_of_date) as age_days
    from baskets
)

select
    as_of_date,
    customer_id,
    min(age_days) as recency_days,
    count(*) as frequency,
    sum(value)::decimal(14, 2) as monetary,
    max(age_days) as tenure_days,
    (sum(value) / count(*))::decimal(12, 2) as average_basket,
    avg(gap_days) as inter_purchase_days,
    round(stddev_pop(gap_days) / nullif(avg(gap_days), 0), 9) as inter_purchase_variation,
    count(*) filter (where age_days < 30) as baskets_30d,
    count(*) filter (where age_days < 90) as baskets_90d,
    coalesce(sum(value) filter (where age_days < 30), 0)::decimal(14, 2) as spend_30d,
    coalesce(sum(value) filter (where age_days < 90), 0)::decimal(14, 2) as spend_90d,
    count(*) filter (where age_days < 90) / 3.0 as orders_per_month,
    sum(discount) / nullif(sum(value) + sum(discount), 0) as discount_share,
    count(*) filter (where used_coupon) as coupon_baskets,
    count(*) filter (where used_coupon and age_days < 90) as coupon_baskets_90d,
    min(age_days) filter (where used_coupon) as coupon_recency_days,
    avg(case when hour(ordered_at) >= 17 then 1.0 else 0.0 end) as evening_share,
    avg(case when isodow(ordered_at) >= 6 then 1.0 else 0.0 end) as weekend_share
from gaps
group by all
