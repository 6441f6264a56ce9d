{{ config(schema='pii', unique_key='account_id') }}

with newest as ({{ newest_version(source('salesforce', 'account'), 'id', 'system_modstamp') }})

select
    id as account_id,
    nullif(trim(name), '') as account_name,
    type as account_type,
    industry,
    nullif(trim(phone), '') as phone,
    nullif(trim(billing_street), '') as street,
    nullif(trim(billing_city), '') as city,
    nullif(trim(billing_state), '') as state,
    nullif(trim(billing_postal_code), '') as postal_code,
    nullif(trim(billing_country), '') as country,
    number_of_employees::integer as employees,
    {{ salesforce_columns() }}
from newest
