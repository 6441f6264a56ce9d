{{ config(unique_key='order_id') }}

with newest as ({{ newest_version(source('salesforce', 'order'), 'id', 'system_modstamp') }})

select
    id as order_id,
    order_number,
    bill_to_contact_id as contact_id,
    store_c as store_id,
    ordered_at_c::timestamp as ordered_at,
    total_amount::decimal(12, 2) as total_amount,
    status,
    {{ salesforce_columns() }}
from newest
