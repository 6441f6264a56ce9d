{{ config(schema='pii', unique_key='evidence_id') }}

-- Words that tell what somebody cares for, each with the id of its source and the record it is known by: who that is, or
-- was on a day, is a matter of identity. Of records that never were a customer's, nothing is kept.
with records as (select distinct record_id from {{ ref('int_identity__history') }}),

meta_users as (
    select
        leads.meta_user_id,
        min(records.record_id) as record_id
    from {{ ref('stg_meta__lead') }} as leads
    inner join records on records.record_id = 'meta:' || leads.lead_id
    where leads.meta_user_id is not null
    group by all
)

select
    'comment:' || comments.comment_id as evidence_id,
    meta_users.record_id,
    comments.message as text,
    1.0 as weight,
    comments.created_at as known_at,
    false as is_category
from {{ ref('stg_meta__comment') }} as comments
inner join meta_users using (meta_user_id)

union all

select
    'lead:' || leads.lead_id,
    records.record_id,
    leads.favourite_category,
    1.0,
    leads.created_at,
    false
from {{ ref('stg_meta__lead') }} as leads
inner join records on records.record_id = 'meta:' || leads.lead_id
where leads.favourite_category is not null

union all

select
    'browsed:' || md5(records.record_id || visits.item_category),
    records.record_id,
    lower(visits.item_category),
    least(1.0, sum(visits.views + 2 * visits.carts) / 20.0),
    min(visits.activity_date)::timestamp,
    true
from {{ ref('stg_google_analytics__user_day') }} as visits
inner join records on records.record_id = 'salesforce:' || visits.contact_id
where visits.item_category is not null and visits.item_category <> '(not set)'
group by records.record_id, visits.item_category
