{{ config(unique_key='campaign_id') }}

with newest as ({{ newest_version(source('salesforce', 'campaign'), 'id', 'system_modstamp') }})

select
    id as campaign_id,
    name as campaign_name,
    type as campaign_type,
    try_cast(start_date as date) as starts_on,
    try_cast(end_date as date) as ends_on,
    {{ salesforce_columns() }}
from newest
