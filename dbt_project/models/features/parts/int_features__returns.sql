-- What customers brought back, per customer and as-of date, from the last 180 days: what was returned, entered and not
-- cancelled by the end of that day.
with brought_back as (
    select
        dates.as_of_date,
        returns.order_id,
        returns.customer_id,
        returns.returned_at::date as returned_on,
        returns.refund_value
    from {{ ref('int_returns__line') }} as returns
    inner join {{ ref('int_features__as_of') }} as dates
        on
            returns.returned_at < dates.as_of_date + interval 1 day
            and returns.returned_at >= dates.as_of_date - interval 179 days
            and returns.known_at < dates.as_of_date + interval 1 day
            and coalesce(returns.cancelled_at >= dates.as_of_date + interval 1 day, true)
),

owned as ({{ owned_then('brought_back') }})

select
    as_of_date,
    customer_id,
    count(*) as returned_lines_180d,
    sum(refund_value)::decimal(14, 2) as returned_value_180d,
    min(date_diff('day', returned_on, as_of_date)) as return_recency_days
from owned
group by as_of_date, customer_id
