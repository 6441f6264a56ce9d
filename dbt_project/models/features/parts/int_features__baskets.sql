{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_changed_orders() }}") }}

-- depends_on: {{ ref('int_orders__order') }}
-- Orders added up once, by the day their lines became known, so that no as-of date has to look at lines again.
select
    order_id,
    customer_id,
    known_at::date as known_on,
    min(ordered_at) as ordered_at,
    sum(sales_value) as value,
    sum(retail_discount + coupon_discount + coupon_match_discount) as discount,
    bool_or(coupon_discount > 0) as used_coupon,
    max(_version) as _version
from {{ ref('fct_order_line') }}
{%- if is_incremental() %}
where order_id in ({{ changed_orders() }})
{%- endif %}
group by order_id, customer_id, known_on
