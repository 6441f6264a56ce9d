{{ config(materialized='view') }}

-- What became of the letters to our customers, whichever platform sent them. Whose an address is, is looked up when it
-- is read (docs/adr/0024).
with customers as (
    select records.email, min(customers.customer_id) as customer_id
    from {{ ref('int_identity__record') }} as records
    inner join {{ ref('int_identity__customer') }} as customers on customers.record_id = records.record_id
    where records.email is not null
    group by records.email
),

events as (
    {{- letters_of_all_platforms('event_id, email, kind, happened_at, mailing_id, url, _loaded_at') }}
)

select
    events.platform || ':' || events.event_id as email_event_id,
    customers.customer_id,
    events.platform,
    events.kind,
    events.happened_at,
    events.mailing_id,
    events.url,
    events._loaded_at
from events
inner join customers on customers.email = events.email
