{{ config(materialized='view') }}

-- What was seen, put in the cart, said and answered, in one stream. Whose it is, is looked up when it is read
-- (docs/adr/0024), so a merge of two customers makes nothing anew.
--
-- It is looked up once for all channels: DuckDB hands out rows as they come, and waits for ever when what comes later in a
-- `union all` has a join of its own to make ready first (docs/adr/0034).
with customers as (
    select
        record_id as known_by,
        customer_id
    from {{ ref('int_identity__customer') }}

    union all

    select
        'email:' || email,
        customer_id
    from {{ ref('int_identity__address') }}
),

letters as (
    {{- letters_of_all_platforms('event_id, email, kind, happened_at, mailing_id') }}
),

interactions as (
    select
        md5(concat_ws('|', contact_id, activity_date, hour, device, city, item_category)) as interaction_id,
        'salesforce:' || contact_id as known_by,
        activity_date + to_hours(hour) as happened_at,
        'web' as channel,
        'visit' as kind,
        item_category as subject,
        device,
        views,
        carts
    from {{ ref('stg_google_analytics__user_day') }}

    union all

    select
        'lead:' || lead_id,
        'meta:' || lead_id,
        created_at,
        'meta',
        'lead',
        null,
        null,
        null,
        null
    from {{ ref('stg_meta__lead') }}

    union all

    select
        'campaign:' || campaign_member_id,
        'salesforce:' || contact_id,
        created_at,
        'campaign',
        case when has_responded then 'answered' else 'sent' end,
        campaign_id,
        null,
        null,
        null
    from {{ ref('stg_salesforce__campaign_member') }}
    where not is_deleted

    union all

    select
        'email:' || platform || ':' || event_id,
        'email:' || email,
        happened_at,
        'email',
        kind,
        platform || ':' || mailing_id,
        null,
        null,
        null
    from letters
)

select
    interactions.interaction_id::varchar as interaction_id,
    customers.customer_id::varchar as customer_id,
    interactions.happened_at::timestamp as happened_at,
    interactions.channel::varchar as channel,
    interactions.kind::varchar as kind,
    interactions.subject::varchar as subject,
    interactions.device::varchar as device,
    interactions.views::integer as views,
    interactions.carts::integer as carts
from interactions
inner join customers on customers.known_by = interactions.known_by
