-- E-mail engagement per customer and as-of date: letters of the last 90 days, answers of the last 180.
with letters as (
    {{- letters_of_all_platforms('email, kind, happened_at, mailing_id') }}
),

events as (
    select
        owners.as_of_date,
        owners.customer_id,
        letters.kind,
        letters.platform || ':' || letters.mailing_id as mailing,
        letters.happened_at,
        date_diff('day', letters.happened_at::date, owners.as_of_date) as age_days
    from letters
    inner join {{ ref('int_features__address') }} as owners
        on
            owners.email = letters.email
            and letters.happened_at < owners.as_of_date + interval 1 day
            and letters.happened_at >= owners.as_of_date - interval 179 days
)

select
    as_of_date,
    customer_id,
    count(distinct mailing) filter (where kind = 'sent' and age_days < 90) as letters_90d,
    count(distinct mailing) filter (where kind in ('open', 'click') and age_days < 90) as letters_opened_90d,
    count(distinct mailing) filter (where kind = 'click' and age_days < 90) as letters_clicked_90d,
    min(age_days) filter (where kind in ('open', 'click')) as email_recency_days,
    mode(hour(happened_at) order by happened_at) filter (where kind in ('open', 'click')) as best_send_hour,
    count(*) filter (where kind in ('open', 'click')) as best_send_hour_observations
from events
group by all
