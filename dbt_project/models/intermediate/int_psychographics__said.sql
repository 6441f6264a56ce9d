{{ config(materialized='view', schema='pii') }}

-- Words that tell what somebody cares for, each with the record it is known by: who that is, or was on a day, is a matter
-- of identity. Of what strangers say, who gave their name in no form, nothing is here.
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
),

said as (
    select
        'comment:' || comments.comment_id as evidence_id,
        meta_users.record_id,
        comments.message as text,
        comments.created_at as known_at
    from {{ ref('stg_meta__comment') }} as comments
    inner join meta_users on meta_users.meta_user_id = comments.meta_user_id

    union all

    select
        'lead:' || lead_id,
        record_id,
        favourite_category,
        created_at
    from leads
)

select
    evidence_id,
    record_id,
    {{ text_id('said', 'text') }} as text_id,
    text,
    known_at
from said
where trim(text) <> ''
