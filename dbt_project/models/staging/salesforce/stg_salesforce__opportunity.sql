{{ config(unique_key='opportunity_id') }}

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
    {{ salesforce_columns() }}
from newest
