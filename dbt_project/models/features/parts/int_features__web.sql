-- Web engagement per customer and as-of date, from the last 90 days.
with seen as (
    select
        dates.as_of_date,
        'salesforce:' || visits.contact_id as record_id,
        visits.activity_date,
        visits.hour,
        visits.device,
        visits.city,
        visits.sessions,
        visits.views,
        visits.carts
    from {{ ref('stg_google_analytics__user_day') }} as visits
    inner join {{ ref('int_features__as_of') }} as dates
        on visits.activity_date <= dates.as_of_date and visits.activity_date > dates.as_of_date - 90
),

visits as (
    select seen.*, identity.customer_id
    from seen
    inner join {{ ref('int_features__identity') }} as identity
        on identity.as_of_date = seen.as_of_date and identity.record_id = seen.record_id
),

added_up as (
    select
        as_of_date,
        customer_id,
        sum(sessions) as web_sessions_90d,
        sum(views) as web_views_90d,
        sum(carts) as web_carts_90d,
        min(date_diff('day', activity_date, as_of_date)) as web_recency_days,
        sum(sessions) filter (where activity_date > as_of_date - 30) as web_sessions_30d,
        coalesce(sum(sessions) filter (where device = 'mobile'), 0) / nullif(sum(sessions), 0) as mobile_share,
        coalesce(sum(sessions) filter (where device = 'desktop'), 0) / nullif(sum(sessions), 0) as desktop_share,
        coalesce(sum(sessions) filter (where device = 'tablet'), 0) / nullif(sum(sessions), 0) as tablet_share,
        if(sum(sessions) > 0, [
            {% for hour in range(24) -%}
            coalesce(sum(sessions) filter (where hour = {{ hour }}), 0) / sum(sessions){{ ',' if not loop.last }}
            {% endfor %}
        ], null) as hour_profile,
        if(sum(sessions) > 0, [
            {% for weekday in range(1, 8) -%}
            coalesce(sum(sessions) filter (where isodow(activity_date) = {{ weekday }}), 0) / sum(sessions){{ ',' if not loop.last }}
            {% endfor %}
        ], null) as weekday_profile
    from visits
    group by as_of_date, customer_id
)

{%- for place in ['device', 'city'] %},

main_{{ place }} as (
    -- Of those with as many sessions, the first by name.
    select
        as_of_date,
        customer_id,
        arg_min({{ place }}, (-sessions, {{ place }})) as main_{{ place }}
    from (
        select as_of_date, customer_id, {{ place }}, sum(sessions) as sessions
        from visits
        where {{ place }} is not null
        group by as_of_date, customer_id, {{ place }}
        having sum(sessions) > 0
    ) as counted
    group by as_of_date, customer_id
)
{%- endfor %}

select
    added_up.*,
    devices.main_device,
    list_position(added_up.hour_profile, list_max(added_up.hour_profile)) - 1 as main_hour,
    cities.main_city
from added_up
left join main_device as devices
    on devices.as_of_date = added_up.as_of_date and devices.customer_id = added_up.customer_id
left join main_city as cities
    on cities.as_of_date = added_up.as_of_date and cities.customer_id = added_up.customer_id
