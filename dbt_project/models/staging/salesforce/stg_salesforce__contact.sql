{{ config(schema='pii', unique_key='contact_id', merge_update_condition='DBT_INTERNAL_SOURCE.modified_at >= DBT_INTERNAL_DEST.modified_at') }}

with newest as ({{ newest_version(source('salesforce', 'contact'), 'id', 'system_modstamp') }})

select
    id as contact_id,
    nullif(account_id, '') as account_id,
    nullif(individual_id, '') as individual_id,
    nullif(trim(loyalty_id_c), '') as loyalty_id,
    nullif(trim(first_name), '') as given_name,
    nullif(trim(last_name), '') as family_name,
    nullif(lower(trim(email)), '') as email,
    nullif(trim(mobile_phone), '') as phone,
    try_cast(birthdate as date) as birth_date,
    nullif(trim(mailing_street), '') as street,
    nullif(trim(mailing_city), '') as city,
    nullif(trim(mailing_state), '') as state,
    nullif(trim(mailing_postal_code), '') as postal_code,
    nullif(trim(mailing_country), '') as country,
    age_band_c as age_band,
    income_band_c as income_band,
    home_ownership_c as home_ownership,
    marital_status_c as marital_status,
    household_size_c as household_size,
    household_composition_c as household_composition,
    kids_count_c as kids_count,
    coalesce(has_opted_out_of_email, false) as has_opted_out_of_email,
    coalesce(is_deleted, false) as is_deleted,
    created_date::timestamp as created_at,
    system_modstamp::timestamp as modified_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
