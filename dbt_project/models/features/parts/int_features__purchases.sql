-- Buying behaviour per customer and as-of date, from what was bought and known by the end of that day.
with baskets as (
    select
        dates.as_of_date,
        orders.*
    from {{ ref('int_features__baskets') }} as orders
    inner join {{ ref('int_features__as_of') }} as dates
        on
            orders.known_on <= dates.as_of_date
            and dates.as_of_date < orders.known_until
            and orders.ordered_at < dates.as_of_date + interval 1 day
),

owned as ({{ owned_then('baskets') }}),

aged as (
    select *, date_diff('day', ordered_at::date, as_of_date) as age_days
    from owned
),

added_up as (
    select
        as_of_date,
        customer_id,
        min(age_days) as recency_days,
        count(*) as frequency,
        sum(value)::decimal(14, 2) as monetary,
        max(age_days) as tenure_days,
        (sum(value) / count(*))::decimal(12, 2) as average_basket,
        list_sort(list(age_days::smallint))::double[] as ages,
        sum(age_days ** 2) as squares,
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
    from aged
    group by as_of_date, customer_id
),

-- Days between orders: their mean follows from the first and the last, their spread needs each. Of neighbours a and b,
-- (b - a)^2 is a^2 + b^2 - 2ab: all squares twice but the outer two, less twice the product of each age with the next.
spaced as (
    select
        *,
        (tenure_days - recency_days) / nullif(frequency - 1, 0) as inter_purchase_days,
        (
            2 * squares - tenure_days ** 2 - recency_days ** 2 - 2 * list_inner_product(ages[:-2], ages[2:])
        ) / nullif(frequency - 1, 0) as mean_square
    from added_up
)

select
    * exclude (ages, squares, mean_square),
    round(
        sqrt(greatest(mean_square - inter_purchase_days ** 2, 0)) / nullif(inter_purchase_days, 0), 9
    ) as inter_purchase_variation
from spaced
