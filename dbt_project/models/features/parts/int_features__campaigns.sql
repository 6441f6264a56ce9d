-- Campaign response per customer and as-of date: what was sent and answered by then. A campaign that
-- several records of one customer are members of is one. What was deleted counted until then.
select
    dates.as_of_date,
    customers.customer_id,
    count(distinct members.campaign_id) as campaigns_received,
    count(distinct members.campaign_id)
        filter (where members.has_responded and members.first_responded_on <= dates.as_of_date) as campaigns_answered,
    count(distinct members.campaign_id) filter (where campaigns.ends_on > dates.as_of_date) as campaigns_running
from {{ ref('int_features__as_of') }} as dates
inner join {{ ref('stg_salesforce__campaign_member') }} as members
    on
        members.created_at < dates.as_of_date + interval 1 day
        and (not members.is_deleted or members.modified_at >= dates.as_of_date + interval 1 day)
inner join {{ ref('stg_salesforce__campaign') }} as campaigns
    on
        campaigns.campaign_id = members.campaign_id
        and (not campaigns.is_deleted or campaigns.modified_at >= dates.as_of_date + interval 1 day)
inner join {{ ref('int_features__identity') }} as customers
    on customers.as_of_date = dates.as_of_date and customers.record_id = 'salesforce:' || members.contact_id
group by all
