{{ config(schema='pii', unique_key='evidence_id') }}

-- Words that tell what a customer cares for, each with the id of its source.
with customers as (select * from {{ ref('int_identity__customer') }}),

meta_users as (
    select
        leads.meta_user_id,
        min(customers.customer_id) as customer_id
    from {{ ref('stg_meta__lead') }} as leads
    inner join customers on customers.record_id = 'meta:' || leads.lead_id
    where leads.meta_user_id is not null
    group by all
)

select
    'comment:' || comments.comment_id as evidence_id,
    meta_users.customer_id,
    comments.message as text,
    1.0 as weight,
    comments.created_at as known_at,
    false as is_category
from {{ ref('stg_meta__comment') }} as comments
inner join meta_users using (meta_user_id)

union all

select
    'lead:' || leads.lead_id,
    customers.customer_id,
    leads.favourite_category,
    1.0,
    leads.created_at,
    false
from {{ ref('stg_meta__lead') }} as leads
inner join customers on customers.record_id = 'meta:' || leads.lead_id
where leads.favourite_category is not null

union all

select
    'browsed:' || md5(customers.customer_id || visits.item_category),
    customers.customer_id,
    lower(visits.item_category),
    least(1.0, sum(visits.views + 2 * visits.carts) / 20.0),
    min(visits.activity_date)::timestamp,
    true
from {{ ref('stg_google_analytics__user_day') }} as visits
inner join customers on customers.record_id = 'salesforce:' || visits.contact_id
where visits.item_category is not null and visits.item_category <> '(not set)'
group by customers.customer_id, visits.item_category
