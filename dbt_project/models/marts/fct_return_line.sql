{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed_orders() }}"
) }}

-- What was brought back belongs to whoever the order belongs to. A return that was cancelled, or deleted, counted until
-- then, so it stays and says when; one that names no order is nobody's (the gate counts those).
select
    lines.return_line_id::varchar as return_line_id,
    returns.return_order_id::varchar as return_order_id,
    orders.order_id::varchar as order_id,
    lines.order_line_id::varchar as order_line_id,
    orders.customer_id::varchar as customer_id,
    lines.product_id::varchar as product_id,
    products.department::varchar as department,
    lines.reason::varchar as reason,
    lines.quantity::double as quantity,
    lines.refund_value::decimal(12, 2) as refund_value,
    orders.ordered_at::timestamp as ordered_at,
    returns.returned_at::timestamp as returned_at,
    greatest(lines.created_at, returns.created_at, orders.known_at)::timestamp as known_at,
    least(
        if(lines.is_deleted, lines.modified_at, null),
        if(returns.is_deleted or returns.status = 'Canceled', returns.modified_at, null)
    )::timestamp as cancelled_at,
    orders._version::bigint as _version
from {{ ref('stg_salesforce__return_order_line_item') }} as lines
inner join {{ ref('stg_salesforce__return_order') }} as returns on returns.return_order_id = lines.return_order_id
inner join {{ ref('int_orders__order') }} as orders on orders.order_id = returns.order_id and not orders.is_gone
left join {{ ref('stg_salesforce__product') }} as products on products.product_id = lines.product_id
{%- if is_incremental() %}
where returns.order_id in ({{ changed_orders() }})
{%- endif %}
