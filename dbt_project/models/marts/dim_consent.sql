-- May we write to this customer? Where several records of one person disagree, the strictest wins.
select
    customers.customer_id::varchar as customer_id,
    'email'::varchar as channel,
    'marketing'::varchar as purpose,
    bool_and(not contacts.has_opted_out_of_email) as is_granted,
    'salesforce'::varchar as source,
    max(contacts.modified_at)::timestamp as decided_at
from {{ ref('stg_salesforce__contact') }} as contacts
inner join {{ ref('int_identity__customer') }} as customers
    on customers.record_id = 'salesforce:' || contacts.contact_id
where not contacts.is_deleted
group by customers.customer_id
