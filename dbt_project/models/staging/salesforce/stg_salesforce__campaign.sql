{{ config(unique_key='campaign_id', merge_update_condition='DBT_INTERNAL_SOURCE.modified_at >= DBT_INTERNAL_DEST.modified_at') }}

with newest as ({{ newest_version(source('salesforce', 'campaign'), 'id', 'system_modstamp') }})

select
    id as campaign_id,
    name as campaign_name,
    type as campaign_type,
    try_cast(start_date as date) as starts_on,
    try_cast(end_date as date) as ends_on,
    coalesce(is_deleted, false) as is_deleted,
    created_date::timestamp as created_at,
    system_modstamp::timestamp as modified_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
