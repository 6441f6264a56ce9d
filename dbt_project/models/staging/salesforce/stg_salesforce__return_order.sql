{{ config(unique_key='return_order_id') }}

with newest as ({{ newest_version(source('salesforce', 'return_order'), 'id', 'system_modstamp') }})

select
    id as return_order_id,
    return_order_number,
    nullif(order_id, '') as order_id,
    nullif(contact_id, '') as contact_id,
    status,
    coalesce(returned_at_c, created_date)::timestamp as returned_at,
    {{ salesforce_columns() }}
from newest
