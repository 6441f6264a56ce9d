{{ config(schema='pii', unique_key='subscriber_id', meta={'changed': 'changed_at'}) }}

with newest as ({{ newest_version(source('marketing_cloud', 'subscriber'), 'id', 'changed_date') }})

select
    id as subscriber_id,
    subscriber_key,
    nullif(lower(trim(email_address)), '') as email,
    status in ('Unsubscribed', 'Deleted') as has_opted_out,
    status <> 'Held' as is_reachable,
    changed_date::timestamp as changed_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
