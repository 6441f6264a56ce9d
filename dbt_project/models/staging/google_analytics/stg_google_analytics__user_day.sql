{{ config(incremental_strategy='delete+insert', unique_key='activity_date') }}

-- A load restates whole days: for each day the newest load that covers it is the truth.
with loads as (
    select *
    from {{ source('google_analytics', 'user_day') }}
    {% if is_incremental() -%}
    where _load_id > (select coalesce(max(_load_id), '') from {{ this }})
    {%- endif %}
    qualify rank() over (partition by date order by _load_id desc) = 1
)

select
    strptime(date, '%Y%m%d')::date as activity_date,
    hour::integer as hour,
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
