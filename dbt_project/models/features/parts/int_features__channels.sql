-- Where a customer comes to us or answers, per as-of date, from the last 180 days: days on which they did count, for
-- whoever they were on that date.
with letters as (
    {{- letters_of_all_platforms('email, kind, happened_at') }}
),

seen as (
    select
        'salesforce:' || contact_id as record_id,
        null as email,
        'web' as channel,
        activity_date as happened_on,
        null::timestamp as gone_at
    from {{ ref('stg_google_analytics__user_day') }}

    union all

    select
        'meta:' || lead_id,
        null,
        'meta',
        created_at::date,
        null
    from {{ ref('stg_meta__lead') }}

    union all

    select
        'salesforce:' || contact_id,
        null,
        'campaign',
        coalesce(first_responded_on, created_at::date),
        if(is_deleted, modified_at, null)
    from {{ ref('stg_salesforce__campaign_member') }}
    where has_responded

    union all

    select
        null,
        email,
        'email',
        happened_at::date,
        null
    from letters
    where kind in ('open', 'click')
),

dated as (
    select
        dates.as_of_date,
        seen.*
    from seen
    inner join {{ ref('int_features__as_of') }} as dates
        on
            seen.happened_on <= dates.as_of_date
            and seen.happened_on > dates.as_of_date - 180
            and coalesce(seen.gone_at >= dates.as_of_date + interval 1 day, true)
),

days as (
    select
        dated.as_of_date,
        coalesce(identity.customer_id, owners.customer_id) as customer_id,
        dated.channel,
        count(distinct dated.happened_on) as active_days
    from dated
    left join {{ ref('int_features__identity') }} as identity
        on identity.as_of_date = dated.as_of_date and identity.record_id = dated.record_id
    left join {{ ref('int_features__address') }} as owners
        on owners.as_of_date = dated.as_of_date and owners.email = dated.email
    where coalesce(identity.customer_id, owners.customer_id) is not null
    group by all
)

select
    as_of_date,
    customer_id,
    arg_max(channel, (active_days, channel)) as preferred_channel,
    sum(active_days) as preferred_channel_observations
from days
group by all
