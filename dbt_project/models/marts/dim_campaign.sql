{{ config(unique_key='campaign_id') }}

select
    campaign_id::varchar as campaign_id,
    campaign_name::varchar as campaign_name,
    campaign_type::varchar as campaign_type,
    starts_on,
    ends_on
from {{ ref('stg_salesforce__campaign') }}
where not is_deleted
