{{ config(unique_key='opportunity_id', merge_update_condition='DBT_INTERNAL_SOURCE.modified_at >= DBT_INTERNAL_DEST.modified_at') }}

with newest as ({{ newest_version(source('salesforce', 'opportunity'), 'id', 'system_modstamp') }})

select
    id as opportunity_id,
    nullif(trim(name), '') as opportunity_name,
    nullif(account_id, '') as account_id,
    nullif(contact_id, '') as contact_id,
    stage_name as stage,
    amount::decimal(18, 2) as amount,
    probability / 100 as probability,
    try_cast(close_date as date) as closes_on,
    type as opportunity_type,
    lead_source,
    coalesce(is_closed, false) as is_closed,
    coalesce(is_won, false) as is_won,
    coalesce(is_deleted, false) as is_deleted,
    created_date::timestamp as created_at,
    system_modstamp::timestamp as modified_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
