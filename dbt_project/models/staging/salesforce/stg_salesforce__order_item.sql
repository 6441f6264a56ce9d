{{ config(unique_key='order_line_id') }}

with newest as ({{ newest_version(source('salesforce', 'order_item'), 'id', 'system_modstamp') }})

select
    id as order_line_id,
    order_id,
    product2_id as product_id,
    quantity::double as quantity,
    total_price::decimal(12, 2) as sales_value,
    retail_discount_c::decimal(12, 2) as retail_discount,
    coupon_discount_c::decimal(12, 2) as coupon_discount,
    coupon_match_discount_c::decimal(12, 2) as coupon_match_discount,
    {{ salesforce_columns() }}
from newest
