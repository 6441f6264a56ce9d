{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='order_line_id',
    on_schema_change='append_new_columns',
    post_hook="
        delete from {{ this }} where order_line_id in (
            select order_line_id from {{ ref('stg_salesforce__order_item') }} where is_deleted
        ) or order_id not in (select order_id from {{ ref('int_orders__order') }})"
) }}

-- On an incremental run: lines that are new or changed, and lines whose order or customer changed.
with lines as (
    select * from {{ ref('stg_salesforce__order_item') }} where not is_deleted
),

orders as (select * from {{ ref('int_orders__order') }}),

{% if is_incremental() %}
moved_orders as (
    select orders.order_id
    from orders
    inner join (select distinct order_id, customer_id from {{ this }}) as known
        on known.order_id = orders.order_id and known.customer_id <> orders.customer_id
),

due as (
    select order_line_id from lines where _load_id > (select coalesce(max(_load_id), '') from {{ this }})
    union
    select lines.order_line_id from lines inner join moved_orders using (order_id)
    union
    select lines.order_line_id from lines anti join {{ this }} as known using (order_line_id)
),
{% endif %}

joined as (
    select
        lines.order_line_id,
        lines.order_id,
        orders.customer_id,
        lines.product_id,
        orders.store_id,
        orders.ordered_at,
        orders.ordered_at::date as ordered_on,
        products.department,
        products.category,
        products.brand,
        lines.quantity,
        lines.sales_value,
        lines.retail_discount,
        lines.coupon_discount,
        lines.coupon_match_discount,
        greatest(lines.created_at, orders.known_at) as known_at,
        lines._load_id
    from lines
    inner join orders on orders.order_id = lines.order_id
    left join {{ ref('stg_salesforce__product') }} as products on products.product_id = lines.product_id
    {% if is_incremental() -%}
    where lines.order_line_id in (select order_line_id from due)
    {%- endif %}
)

select
    order_line_id::varchar as order_line_id,
    order_id::varchar as order_id,
    customer_id::varchar as customer_id,
    product_id::varchar as product_id,
    store_id::varchar as store_id,
    ordered_at::timestamp as ordered_at,
    ordered_on::date as ordered_on,
    department::varchar as department,
    category::varchar as category,
    brand::varchar as brand,
    quantity::double as quantity,
    sales_value::decimal(12, 2) as sales_value,
    retail_discount::decimal(12, 2) as retail_discount,
    coupon_discount::decimal(12, 2) as coupon_discount,
    coupon_match_discount::decimal(12, 2) as coupon_match_discount,
    known_at::timestamp as known_at,
    _load_id::varchar as _load_id
from joined
