-- Where a customer comes to us or answers, per as-of date, from the last 180 days: days on which they did count.
with days as (
    select
        dates.as_of_date,
        seen.customer_id,
        seen.channel,
        count(distinct seen.happened_at::date) as active_days
    from {{ ref('int_features__as_of') }} as dates
    inner join {{ ref('fct_interaction') }} as seen
        on
            seen.happened_at < dates.as_of_date + interval 1 day
            and seen.happened_at >= dates.as_of_date - interval 179 days
    where seen.kind in ('visit', 'lead', 'answered', 'open', 'click')
    group by all
)

select
    as_of_date,
    customer_id,
    arg_max(channel, (active_days, channel)) as preferred_channel,
    sum(active_days) as preferred_channel_observations
from days
group by all
