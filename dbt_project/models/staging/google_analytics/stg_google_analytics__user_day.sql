{{ config(incremental_strategy='delete+insert', unique_key='activity_date') }}

-- A load restates whole days: for each day the newest load that covers it is the truth.
with due as not materialized (
    select *
    from {{ landed_since(source('google_analytics', 'user_day')) }}
),

loads as (
    select *
    from due
    where (date, _load_id) in (select (date, max(_load_id)) from due group by date)
)

select
    strptime(date, '%Y%m%d')::date as activity_date,
    try_cast(hour as integer) as hour, -- none in the row (other), into which Google folds rare values
    nullif(custom_user_crm_contact_id, '(not set)') as contact_id,
    device_category as device,
    city,
    item_category,
    sessions::integer as sessions,
    items_viewed::integer as views,
    items_added_to_cart::integer as carts,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from loads
