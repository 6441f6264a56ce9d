{{ config(unique_key='return_order_id', merge_update_condition='DBT_INTERNAL_SOURCE.modified_at >= DBT_INTERNAL_DEST.modified_at') }}

with newest as ({{ newest_version(source('salesforce', 'return_order'), 'id', 'system_modstamp') }})

select
    id as return_order_id,
    return_order_number,
    nullif(order_id, '') as order_id,
    nullif(contact_id, '') as contact_id,
    status,
    coalesce(returned_at_c, created_date)::timestamp as returned_at,
    coalesce(is_deleted, false) as is_deleted,
    created_date::timestamp as created_at,
    system_modstamp::timestamp as modified_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
