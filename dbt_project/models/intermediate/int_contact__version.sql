{{ config(schema='pii', materialized='incremental', incremental_strategy='delete+insert', unique_key='contact_id') }}

-- What was known of a contact from when until when, in event time. What the first load found has been so since the record
-- was made, as far as anybody can know; later versions count from their change. Only contacts of new loads are made anew.
with landed as (
    select *
    from {{ source('salesforce', 'contact') }}
    {%- if is_incremental() %}
    where id in (
        select id from {{ source('salesforce', 'contact') }}
        where _load_id > (select coalesce(max(_load_id), '') from {{ this }})
    )
    {%- endif %}
    -- The same version comes again with loads that re-read.
    qualify row_number() over (partition by id, system_modstamp order by _load_id desc) = 1
),

versions as (
    select
{{ contact_columns() }},
        _load_id
    from landed
)

select
    contact_id,
    if(row_number() over by_change = 1, least(created_at, modified_at), modified_at) as valid_from,
    lead(modified_at) over by_change as valid_until,
    is_deleted,
    loyalty_id is not null as is_trusted,
    {{ completeness('versions') }} as completeness,
    email,
    birth_date,
    age_band,
    income_band,
    home_ownership,
    marital_status,
    household_size,
    household_composition,
    kids_count,
    city,
    state,
    country,
    created_at,
    modified_at,
    _load_id
from versions
window by_change as (partition by contact_id order by modified_at)
