{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_orders_that_moved_on() }}") }}

-- Lines of those who were customers once: their contacts are gone now, and were not on the days before. Few, and only they
-- are looked for: step by step, so that nobody reads all orders and lines for none.
with gone as materialized (
    select
        order_id,
        ordered_at,
        known_at,
        _version
    from {{ ref('int_orders__order') }}
    where
        is_gone
        and customer_id is null
        {%- if is_incremental() %}
        and order_id not in (select order_id from {{ this }})
        {%- endif %}
),

ownerless as materialized (
    select gone.*
    from {{ ref('stg_salesforce__order') }} as orders
    inner join gone on gone.order_id = orders.order_id
    where
        not orders.is_deleted
        and 'salesforce:' || orders.contact_id in (select record_id from {{ ref('int_identity__history') }})
)

select
    lines.order_line_id,
    lines.order_id,
    null::varchar as customer_id,
    ownerless.ordered_at,
    ownerless.ordered_at::date as ordered_on,
    products.department,
    lines.sales_value,
    lines.retail_discount,
    lines.coupon_discount,
    lines.coupon_match_discount,
    greatest(lines.created_at, ownerless.known_at) as known_at,
    ownerless._version
from {{ ref('stg_salesforce__order_item') }} as lines
inner join ownerless on ownerless.order_id = lines.order_id
left join {{ ref('stg_salesforce__product') }} as products on products.product_id = lines.product_id
where not lines.is_deleted
