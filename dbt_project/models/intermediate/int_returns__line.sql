{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_changed_orders() }}") }}

-- What was brought back belongs to whoever the order belongs to; to nobody once their contact is gone, which it was not on
-- all days. A return that was cancelled, or deleted, counted until then, so it stays and says when. One that names no
-- order is nobody's (the gate of marts.fct_return_line counts those).
with orders as {{ 'materialized ' if is_incremental() }}(
    select * from {{ ref('int_orders__order') }}
    {%- if is_incremental() %}
    where _version > {{ version_held() }}
    {%- endif %}
)

select
    lines.return_line_id,
    returns.return_order_id,
    orders.order_id,
    lines.order_line_id,
    orders.customer_id,
    lines.product_id,
    products.department,
    lines.reason,
    lines.quantity,
    lines.refund_value,
    orders.ordered_at,
    returns.returned_at,
    greatest(lines.created_at, returns.created_at, orders.known_at) as known_at,
    least(
        if(lines.is_deleted, lines.modified_at, null),
        if(returns.is_deleted or returns.status = 'Canceled', returns.modified_at, null)
    ) as cancelled_at,
    orders._version
from {{ ref('stg_salesforce__return_order_line_item') }} as lines
inner join {{ ref('stg_salesforce__return_order') }} as returns on returns.return_order_id = lines.return_order_id
inner join orders
    on orders.order_id = returns.order_id and (orders.customer_id is null or not orders.is_gone)
left join {{ ref('stg_salesforce__product') }} as products on products.product_id = lines.product_id
