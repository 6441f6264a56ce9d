{{ config(unique_key='order_id', merge_update_condition='DBT_INTERNAL_SOURCE.modified_at >= DBT_INTERNAL_DEST.modified_at') }}

with newest as ({{ newest_version(source('salesforce', 'order'), 'id', 'system_modstamp') }})

select
    id as order_id,
    order_number,
    bill_to_contact_id as contact_id,
    store_c as store_id,
    ordered_at_c::timestamp as ordered_at,
    total_amount::decimal(12, 2) as total_amount,
    status,
    coalesce(is_deleted, false) as is_deleted,
    created_date::timestamp as created_at,
    system_modstamp::timestamp as modified_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
