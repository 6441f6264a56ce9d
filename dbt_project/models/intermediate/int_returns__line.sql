{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        "{{ add_columns('_orders_until bigint', '_returns_until varchar', '_return_lines_until varchar') }}",
        "{{ look_up_returns() }}",
        "{{ forget_changed_returns() }}",
    ]
) }}

-- What was brought back belongs to whoever the order belongs to; to nobody once their contact is gone, which it was not on
-- all days. A return that was cancelled, or deleted, counted until then, so it stays and says when. One that names no
-- order is nobody's (the gate of marts.fct_return_line counts those).
with newest as (
    select
        {{ newest_load(ref('stg_salesforce__return_order')) }} as returns_until,
        {{ newest_load(ref('stg_salesforce__return_order_line_item')) }} as return_lines_until,
        (select max(_version) from {{ ref('int_orders__order') }}) as orders_until
),

returns as {{ 'materialized ' if is_incremental() }}(
    select * from {{ ref('stg_salesforce__return_order') }}
    {%- if is_incremental() %}
    where return_order_id in ({{ changed_returns() }})
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
    newest.orders_until as _orders_until,
    newest.returns_until as _returns_until,
    newest.return_lines_until as _return_lines_until,
    orders._version
from {{ ref('stg_salesforce__return_order_line_item') }} as lines
cross join newest
inner join returns on returns.return_order_id = lines.return_order_id
inner join {{ ref('int_orders__order') }} as orders
    on orders.order_id = returns.order_id and (orders.customer_id is null or not orders.is_gone)
left join {{ ref('stg_salesforce__product') }} as products on products.product_id = lines.product_id
