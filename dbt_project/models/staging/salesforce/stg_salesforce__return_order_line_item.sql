{{ config(unique_key='return_line_id') }}

with newest as ({{ newest_version(source('salesforce', 'return_order_line_item'), 'id', 'system_modstamp') }})

select
    id as return_line_id,
    return_order_id,
    nullif(order_item_id, '') as order_line_id,
    nullif(product2_id, '') as product_id,
    quantity_returned::double as quantity,
    total_price::decimal(12, 2) as refund_value,
    reason_for_return as reason,
    {{ salesforce_columns() }}
from newest
