{{ config(materialized='view', schema='pii') }}

-- Words that tell what somebody cares for, each with the record it is known by: who that is, or was on a day, is a matter
-- of identity, and nobody here waits for it. Of what strangers say, who gave their name in no form, nothing is here.
with leads as (
    select
        *,
        'meta:' || lead_id as record_id
    from {{ ref('stg_meta__lead') }}
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
