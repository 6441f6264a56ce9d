-- May we write to this customer? Where several records of one person disagree, the strictest wins: whoever opted out
-- anywhere has opted out.
with addresses as (
    select records.email, customers.customer_id
    from {{ ref('int_identity__record') }} as records
    inner join {{ ref('int_identity__customer') }} as customers on customers.record_id = records.record_id
    where records.email is not null
    group by all
),

said as (
    select
        customers.customer_id,
        not contacts.has_opted_out_of_email as is_granted,
        'salesforce' as source,
        contacts.modified_at as decided_at
    from {{ ref('stg_salesforce__contact') }} as contacts
    inner join {{ ref('int_identity__customer') }} as customers
        on customers.record_id = 'salesforce:' || contacts.contact_id
    where not contacts.is_deleted
    {%- for platform in email_platforms() %}

    union all

    select addresses.customer_id, false, '{{ platform }}', subscribers.changed_at
    from {{ ref('stg_' ~ platform ~ '__subscriber') }} as subscribers
    inner join addresses on addresses.email = subscribers.email
    where subscribers.has_opted_out
    {%- endfor %}
)

select
    customer_id::varchar as customer_id,
    'email'::varchar as channel,
    'marketing'::varchar as purpose,
    bool_and(is_granted) as is_granted,
    arg_min(source, (is_granted, decided_at, source))::varchar as source,
    max(decided_at)::timestamp as decided_at
from said
group by customer_id
