{{ config(unique_key=['customer_id', 'channel', 'purpose']) }}

-- May we reach this customer, by which way and what for? Where several records of one person disagree, the strictest
-- wins: whoever said no anywhere has said no. Who said nothing has agreed to what `vars: consent` presumes, and to
-- nothing else.
with contacts as (
    select
        customers.customer_id,
        records.individual_id,
        records.has_opted_out_of_email,
        records.modified_at
    from {{ ref('stg_salesforce__contact') }} as records
    inner join {{ ref('int_identity__customer') }} as customers
        on customers.record_id = 'salesforce:' || records.contact_id
    where not records.is_deleted
),

-- Also those that a contact had once: who said no and got another address has still said no.
addresses as (
    select records.email, customers.customer_id
    from {{ ref('int_identity__record') }} as records
    inner join {{ ref('int_identity__customer') }} as customers on customers.record_id = records.record_id
    where records.email is not null

    union

    select versions.email, customers.customer_id
    from {{ ref('int_contact__version') }} as versions
    inner join {{ ref('int_identity__customer') }} as customers
        on customers.record_id = 'salesforce:' || versions.contact_id
    where versions.email is not null
),

said as (
    select
        customer_id,
        'email' as channel,
        'marketing' as purpose,
        false as is_granted,
        'salesforce' as source,
        modified_at as decided_at
    from contacts
    where has_opted_out_of_email

    union all

    -- A lead that was converted has handed its answer to its contact, where alone it can be taken back.
    select customers.customer_id, 'email', 'marketing', false, 'salesforce', leads.modified_at
    from {{ ref('stg_salesforce__lead') }} as leads
    inner join {{ ref('int_identity__customer') }} as customers
        on customers.record_id = 'salesforce_lead:' || leads.lead_id
    where leads.has_opted_out_of_email and not leads.is_converted and not leads.is_deleted
    {%- for channel, purpose in var('consent')['presumed'] %}

    union all

    select customer_id, '{{ channel }}', '{{ purpose }}', true, 'salesforce', modified_at
    from contacts
    {%- endfor %}
    {%- for platform in email_platforms() %}

    union all

    select addresses.customer_id, 'email', 'marketing', false, '{{ platform }}', subscribers.changed_at
    from {{ ref('stg_' ~ platform ~ '__subscriber') }} as subscribers
    inner join addresses on addresses.email = subscribers.email
    where subscribers.has_opted_out
    {%- endfor %}

    union all

    -- Salesforce's own words for what an Individual does not want.
    select contacts.customer_id, refused.channel, refused.purpose, false, 'salesforce', people.modified_at
    from {{ ref('stg_salesforce__individual') }} as people
    inner join contacts on contacts.individual_id = people.individual_id
    cross join (
        values ('email', 'marketing'), ('phone', 'marketing'), ('mail', 'marketing'), ('ads', 'marketing'), ('any', 'profiling')
    ) as refused (channel, purpose)
    where
        not people.is_deleted and (
            people.has_opted_out_processing
            or people.should_forget
            or (people.has_opted_out_solicit and refused.purpose = 'marketing')
            or (people.has_opted_out_tracking and refused.channel = 'ads')
            or (people.has_opted_out_profiling and refused.purpose = 'profiling')
        )

    union all

    select contacts.customer_id, answers.channel, 'marketing', answers.is_granted, 'salesforce', answers.effective_from
    from {{ ref('stg_salesforce__contact_point_type_consent') }} as answers
    inner join contacts on contacts.individual_id = answers.individual_id
    where
        not answers.is_deleted
        and answers.is_granted is not null
        and answers.channel is not null
        and answers.effective_from <= timestamp '{{ now() }}'
        and coalesce(answers.effective_to > timestamp '{{ now() }}', true)
)

select
    customer_id::varchar as customer_id,
    channel::varchar as channel,
    purpose::varchar as purpose,
    bool_and(is_granted) as is_granted,
    arg_min(source, (is_granted, decided_at, source))::varchar as source,
    coalesce(max(decided_at) filter (where not is_granted), max(decided_at))::timestamp as decided_at
from said
where customer_id in (select customer_id from {{ ref('dim_customer') }})
group by customer_id, channel, purpose
