{{ config(unique_key='order_line_id', merge_update_condition='DBT_INTERNAL_SOURCE.modified_at >= DBT_INTERNAL_DEST.modified_at') }}

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
    coalesce(is_deleted, false) as is_deleted,
    created_date::timestamp as created_at,
    system_modstamp::timestamp as modified_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
