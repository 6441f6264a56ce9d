{{ config(unique_key='campaign_member_id', merge_update_condition='DBT_INTERNAL_SOURCE.modified_at >= DBT_INTERNAL_DEST.modified_at') }}

with newest as ({{ newest_version(source('salesforce', 'campaign_member'), 'id', 'system_modstamp') }})

select
    id as campaign_member_id,
    campaign_id,
    contact_id,
    status,
    coalesce(has_responded, false) as has_responded,
    try_cast(first_responded_date as date) as first_responded_on,
    coalesce(redemptions_c, 0)::integer as redemptions,
    coalesce(is_deleted, false) as is_deleted,
    created_date::timestamp as created_at,
    system_modstamp::timestamp as modified_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
