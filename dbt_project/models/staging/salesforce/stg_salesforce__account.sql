{{ config(schema='pii', unique_key='account_id', merge_update_condition='DBT_INTERNAL_SOURCE.modified_at >= DBT_INTERNAL_DEST.modified_at') }}

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
    coalesce(is_deleted, false) as is_deleted,
    created_date::timestamp as created_at,
    system_modstamp::timestamp as modified_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
