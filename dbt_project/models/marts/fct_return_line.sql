{{ config(materialized='view') }}

select
    return_line_id::varchar as return_line_id,
    return_order_id::varchar as return_order_id,
    order_id::varchar as order_id,
    order_line_id::varchar as order_line_id,
    customer_id::varchar as customer_id,
    product_id::varchar as product_id,
    department::varchar as department,
    reason::varchar as reason,
    quantity::double as quantity,
    refund_value::decimal(12, 2) as refund_value,
    ordered_at::timestamp as ordered_at,
    returned_at::timestamp as returned_at,
    known_at::timestamp as known_at,
    cancelled_at::timestamp as cancelled_at,
    _version::bigint as _version
from {{ ref('int_returns__line') }}
where customer_id is not null
