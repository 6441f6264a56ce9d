-- What customers brought back, per customer and as-of date, from the last 180 days: what was returned, entered and not
-- cancelled by the end of that day.
with brought_back as (
    select
        order_id,
        customer_id,
        returned_at::date as returned_on,
        refund_value,
        unnest({{ as_of_dates(
            "returned_at < day + interval 1 day and returned_at >= day - interval 179 days "
            "and known_at < day + interval 1 day and coalesce(cancelled_at >= day + interval 1 day, true)"
        ) }}) as as_of_date
    from {{ ref('int_returns__line') }}
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
