{{ config(schema='pii', unique_key='lead_id', meta={'born': 'created_at'}) }}

with newest as ({{ newest_version(source('meta', 'lead'), 'id', 'created_time') }})

select
    id as lead_id,
    nullif(lower(trim(email)), '') as email,
    nullif(trim(full_name), '') as full_name,
    nullif(trim(phone_number), '') as phone,
    nullif(trim(meta_user_id), '') as meta_user_id,
    nullif(trim(favourite_category), '') as favourite_category,
    created_time::timestamp as created_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
