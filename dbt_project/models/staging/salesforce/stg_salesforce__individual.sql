{{ config(schema='pii', unique_key='individual_id') }}

with newest as ({{ newest_version(source('salesforce', 'individual'), 'id', 'system_modstamp') }})

select
    id as individual_id,
    nullif(trim(first_name), '') as given_name,
    nullif(trim(last_name), '') as family_name,
    try_cast(birth_date as date) as birth_date,
    coalesce(has_opted_out_processing, false) as has_opted_out_processing,
    coalesce(has_opted_out_profiling, false) as has_opted_out_profiling,
    coalesce(has_opted_out_solicit, false) as has_opted_out_solicit,
    coalesce(has_opted_out_tracking, false) as has_opted_out_tracking,
    coalesce(has_opted_out_geo_tracking, false) as has_opted_out_geo_tracking,
    coalesce(should_forget, false) as should_forget,
    coalesce(send_individual_data, false) as wants_their_data,
    coalesce(can_store_pii_elsewhere, false) as can_store_pii_elsewhere,
    {{ salesforce_columns() }}
from newest
