{{ config(incremental_strategy='delete+insert', unique_key='activity_date') }}

-- A load restates whole days: for each day the newest load that covers it is the truth.
with due as not materialized (
    select *
    from {{ landed_since(source('google_analytics', 'traffic_source')) }}
),

loads as (
    select *
    from due
    where (date, _load_id) in (select (date, max(_load_id)) from due group by date)
)

select
    strptime(date, '%Y%m%d')::date as activity_date,
    nullif(custom_user_crm_contact_id, '(not set)') as contact_id,
    session_source as source,
    session_medium as medium,
    nullif(session_campaign_name, '(not set)') as campaign_name,
    sessions::integer as sessions,
    engaged_sessions::integer as engaged_sessions,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from loads
