{{ config(unique_key='consent_id') }}

with newest as ({{ newest_version(source('salesforce', 'contact_point_type_consent'), 'id', 'system_modstamp') }})

select
    id as consent_id,
    party_id as individual_id,
    {# Salesforce's words for ways to reach people, in those of dim_consent. #}
    case contact_point_type
        when 'Email' then 'email'
        when 'Phone' then 'phone'
        when 'MailingAddress' then 'mail'
        when 'Web' then 'ads'
        when 'Social' then 'ads'
    end as channel,
    case privacy_consent_status when 'OptIn' then true when 'OptOut' then false end as is_granted,
    capture_source,
    coalesce(effective_from, capture_date, created_date)::timestamp as effective_from,
    effective_to::timestamp as effective_to,
    {{ salesforce_columns() }}
from newest
