{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed_orders() }}"
) }}

-- The few orders first: with them in hand, the lines are read once, and only theirs go on.
with orders as {{ 'materialized' if is_incremental() }} (
    select * from {{ ref('int_orders__order') }}
    where
        not is_gone
        {%- if is_incremental() %}
        and _version > {{ version_held() }}
        {%- endif %}
),

lines as {{ 'materialized' if is_incremental() }} (
    select * from {{ ref('stg_salesforce__order_item') }}
    where
        not is_deleted
        {%- if is_incremental() %}
        and order_id in (select order_id from orders)
        {%- endif %}
)

select
    lines.order_line_id::varchar as order_line_id,
    lines.order_id::varchar as order_id,
    orders.customer_id::varchar as customer_id,
    lines.product_id::varchar as product_id,
    orders.store_id::varchar as store_id,
    orders.ordered_at::timestamp as ordered_at,
    orders.ordered_at::date as ordered_on,
    products.department::varchar as department,
    products.category::varchar as category,
    products.brand::varchar as brand,
    lines.quantity::double as quantity,
    lines.sales_value::decimal(12, 2) as sales_value,
    lines.retail_discount::decimal(12, 2) as retail_discount,
    lines.coupon_discount::decimal(12, 2) as coupon_discount,
    lines.coupon_match_discount::decimal(12, 2) as coupon_match_discount,
    greatest(lines.created_at, orders.known_at)::timestamp as known_at,
    lines._load_id::varchar as _load_id,
    orders._version::bigint as _version
from lines
inner join orders on orders.order_id = lines.order_id
left join {{ ref('stg_salesforce__product') }} as products on products.product_id = lines.product_id
