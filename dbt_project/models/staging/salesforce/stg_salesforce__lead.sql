{{ config(schema='pii', unique_key='lead_id') }}

with newest as ({{ newest_version(source('salesforce', 'lead'), 'id', 'system_modstamp') }})

select
    id as lead_id,
    nullif(trim(first_name), '') as given_name,
    nullif(trim(last_name), '') as family_name,
    nullif(trim(company), '') as company,
    nullif(lower(trim(email)), '') as email,
    nullif(trim(phone), '') as phone,
    nullif(trim(city), '') as city,
    nullif(trim(state), '') as state,
    nullif(trim(country), '') as country,
    lead_source,
    status,
    coalesce(has_opted_out_of_email, false) as has_opted_out_of_email,
    coalesce(is_converted, false) as is_converted,
    try_cast(converted_date as date) as converted_on,
    nullif(converted_account_id, '') as account_id,
    nullif(converted_contact_id, '') as contact_id,
    {{ salesforce_columns() }}
from newest
