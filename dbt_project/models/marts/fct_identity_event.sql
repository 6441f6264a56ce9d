{{ config(unique_key='identity_event_id') }}

-- Records that changed hands, told as what happened to the customers.
with stays as (select * from {{ ref('int_identity__history') }}),

moves as (
    select
        present.since as happened_at,
        past.customer_id as from_customer_id,
        present.customer_id as to_customer_id,
        count(*) as records
    from stays as past
    inner join stays as present on present.record_id = past.record_id and present.since = past.until
    where present.customer_id <> past.customer_id
    group by all
),

told as (
    select
        *,
        case
            when not exists (
                select 1 from stays
                where
                    stays.customer_id = moves.from_customer_id
                    and stays.since <= moves.happened_at
                    and coalesce(stays.until, timestamp 'infinity') > moves.happened_at
            ) then 'merge'
            when not exists (
                select 1 from stays
                where stays.customer_id = moves.to_customer_id and stays.since < moves.happened_at
            ) then 'split'
            else 'move'
        end as kind
    from moves
)

select
    md5(concat_ws('|', happened_at, from_customer_id, to_customer_id))::varchar as identity_event_id,
    happened_at::timestamp as happened_at,
    kind::varchar as kind,
    (case when kind = 'split' then from_customer_id else to_customer_id end)::varchar as customer_id,
    (case when kind = 'split' then to_customer_id else from_customer_id end)::varchar as other_customer_id,
    records::integer as records
from told
