{{ config(schema='pii', unique_key='subscriber_id', meta={'changed': 'changed_at'}) }}

-- A prospect may opt out and bounce, so its state is no single word. One that lost its address is kept, as a tombstone.
with newest as ({{ newest_version(source('account_engagement', 'subscriber'), 'subscriber_id', 'changed_at') }})

select
    subscriber_id,
    nullif(lower(trim(email_address)), '') as email,
    coalesce(opted_out = 'true', false) or coalesce(is_do_not_email = 'true', false) as has_opted_out,
    not coalesce(is_email_hard_bounced = 'true', false) as is_reachable,
    changed_at::timestamp as changed_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
