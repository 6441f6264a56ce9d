{{ config(materialized='view', schema='pii') }}

-- What tells what somebody cares for, each with the id of its text and the record it is known by: who that is, or was on
-- a day, is a matter of identity. Of what strangers say, who gave their name in no form, nothing is there.
--
-- A category that somebody looks at is one text, and each look adds to how much it counts: so it is known what it counted
-- on any day.
with records as (
    select distinct record_id
    from {{ ref('int_identity__history') }}
),

leads as (
    select
        leads.*,
        records.record_id
    from {{ ref('stg_meta__lead') }} as leads
    inner join records on records.record_id = 'meta:' || leads.lead_id
),

meta_users as (
    select
        meta_user_id,
        min(record_id) as record_id
    from leads
    where meta_user_id is not null
    group by meta_user_id
)

select
    'browsed:' || md5('salesforce:' || contact_id || item_category) as evidence_id,
    'salesforce:' || contact_id as record_id,
    'named' as form,
    'named:' || lower(trim(item_category)) as text_id,
    lower(trim(item_category)) as text,
    ((views + 2 * carts) * 0.05)::decimal(18, 2) as weight,
    activity_date::timestamp as known_at
from {{ ref('stg_google_analytics__user_day') }}
where contact_id is not null and item_category <> '(not set)' and views + 2 * carts > 0

union all

select
    'comment:' || comments.comment_id,
    meta_users.record_id,
    'said',
    'said:' || md5(lower(trim(comments.message))),
    lower(trim(comments.message)),
    1,
    comments.created_at
from {{ ref('stg_meta__comment') }} as comments
inner join meta_users on meta_users.meta_user_id = comments.meta_user_id
where trim(comments.message) <> ''

union all

select
    'lead:' || lead_id,
    record_id,
    'said',
    'said:' || md5(lower(trim(favourite_category))),
    lower(trim(favourite_category)),
    1,
    created_at
from leads
where favourite_category is not null
