-- Web engagement per customer and as-of date, from the last 90 days.
with visits as (
    select
        dates.as_of_date,
        customers.customer_id,
        web.*
    from {{ ref('int_features__as_of') }} as dates
    inner join {{ ref('stg_google_analytics__user_day') }} as web
        on web.activity_date <= dates.as_of_date and web.activity_date > dates.as_of_date - 90
    inner join {{ ref('int_identity__customer') }} as customers
        on customers.record_id = 'salesforce:' || web.contact_id
)

select
    as_of_date,
    customer_id,
    sum(sessions) as web_sessions_90d,
    sum(views) as web_views_90d,
    sum(carts) as web_carts_90d,
    min(date_diff('day', activity_date, as_of_date)) as web_recency_days,
    sum(sessions) filter (where activity_date > as_of_date - 30) as web_sessions_30d,
    sum(sessions) filter (where device = 'mobile') / nullif(sum(sessions), 0) as mobile_share,
    sum(sessions) filter (where device = 'desktop') / nullif(sum(sessions), 0) as desktop_share,
    sum(sessions) filter (where device = 'tablet') / nullif(sum(sessions), 0) as tablet_share,
    [
        {% for hour in range(24) -%}
        coalesce(sum(sessions) filter (where hour = {{ hour }}), 0) / nullif(sum(sessions), 0){{ ',' if not loop.last }}
        {% endfor %}
    ] as hour_profile,
    [
        {% for weekday in range(1, 8) -%}
        coalesce(sum(sessions) filter (where isodow(activity_date) = {{ weekday }}), 0) / nullif(sum(sessions), 0){{ ',' if not loop.last }}
        {% endfor %}
    ] as weekday_profile,
    mode(device order by device) as main_device,
    mode(hour order by hour) as main_hour,
    mode(city order by city) as main_city
from visits
group by all
