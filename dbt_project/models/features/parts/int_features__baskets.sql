{{ config(
    database='lake',
    schema='intermediate',
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget_changed_orders('known_on') }}"
) }}

-- depends_on: {{ ref('int_orders__order') }}
-- Orders added up once, so that no as-of date has to look at lines again. An order whose lines became known on several
-- days has a row for each: what was known of it from that day until the next.
with lines as (
    {{- lines_of_changed_orders(
        'order_id, customer_id, ordered_at, known_at, sales_value, retail_discount, coupon_discount, '
        'coupon_match_discount, _version'
    ) }}
),

days as (
    select
        order_id,
        customer_id,
        known_at::date as known_on,
        min(ordered_at) as ordered_at,
        sum(sales_value) as value,
        sum(coalesce(retail_discount, 0) + coalesce(coupon_discount, 0) + coalesce(coupon_match_discount, 0)) as discount,
        bool_or(coupon_discount > 0) as used_coupon,
        max(_version) as _version
    from lines
    group by order_id, customer_id, known_on
)

select
    order_id,
    customer_id,
    known_on,
    coalesce(lead(known_on) over by_day, date '9999-12-31') as known_until,
    ordered_at,
    sum(value) over by_day as value,
    sum(discount) over by_day as discount,
    bool_or(used_coupon) over by_day as used_coupon,
    _version
from days
window by_day as (partition by order_id order by known_on)
order by customer_id -- what is added up by customer for every as-of date lies together
