{{ config(materialized='view') }}

-- What was seen, put in the cart, said and answered, in one stream. Whose it is, is looked up when it is read
-- (docs/adr/0024), so a merge of two customers makes nothing anew.
with customers as (select * from {{ ref('int_identity__customer') }})

select
    md5(concat_ws('|', web.contact_id, web.activity_date, web.hour, web.device, web.city, web.item_category))::varchar
        as interaction_id,
    customers.customer_id::varchar as customer_id,
    (web.activity_date + to_hours(web.hour))::timestamp as happened_at,
    'web'::varchar as channel,
    'visit'::varchar as kind,
    web.item_category::varchar as subject,
    web.device::varchar as device,
    web.views::integer as views,
    web.carts::integer as carts
from {{ ref('stg_google_analytics__user_day') }} as web
inner join customers on customers.record_id = 'salesforce:' || web.contact_id

union all

select
    'lead:' || leads.lead_id,
    customers.customer_id,
    leads.created_at,
    'meta',
    'lead',
    null,
    null,
    null,
    null
from {{ ref('stg_meta__lead') }} as leads
inner join customers on customers.record_id = 'meta:' || leads.lead_id

union all

select
    'campaign:' || members.campaign_member_id,
    customers.customer_id,
    members.created_at,
    'campaign',
    case when members.has_responded then 'answered' else 'sent' end,
    members.campaign_id,
    null,
    null,
    null
from {{ ref('stg_salesforce__campaign_member') }} as members
inner join customers on customers.record_id = 'salesforce:' || members.contact_id
where not members.is_deleted

union all

select
    'email:' || letters.email_event_id,
    letters.customer_id,
    letters.happened_at,
    'email',
    letters.kind,
    letters.platform || ':' || letters.mailing_id,
    null,
    null,
    null
from {{ ref('int_email__event') }} as letters
