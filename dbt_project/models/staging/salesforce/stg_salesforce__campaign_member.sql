{{ config(unique_key='campaign_member_id') }}

with newest as ({{ newest_version(source('salesforce', 'campaign_member'), 'id', 'system_modstamp') }})

select
    id as campaign_member_id,
    campaign_id,
    contact_id,
    status,
    coalesce(has_responded, false) as has_responded,
    try_cast(first_responded_date as date) as first_responded_on,
    coalesce(redemptions_c, 0)::integer as redemptions,
    {{ salesforce_columns() }}
from newest
