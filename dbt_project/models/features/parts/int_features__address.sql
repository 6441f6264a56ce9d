-- Whose an e-mail address was at the end of each as-of date; of several who had it, the first by id, as in
-- int_identity__address.
with held as (
    select
        'salesforce:' || contact_id as record_id,
        email,
        valid_from,
        valid_until
    from {{ ref('int_contact__version') }}
    where not is_deleted

    union all

    select
        'salesforce_lead:' || lead_id,
        email,
        created_at,
        if(is_deleted, modified_at, null)
    from {{ ref('stg_salesforce__lead') }}

    union all

    select
        'meta:' || lead_id,
        email,
        created_at,
        null
    from {{ ref('stg_meta__lead') }}
)

select
    identity.as_of_date,
    held.email,
    min(identity.customer_id) as customer_id
from {{ ref('int_features__identity') }} as identity
inner join held
    on
        held.record_id = identity.record_id
        and held.valid_from < identity.as_of_date + interval 1 day
        and coalesce(held.valid_until >= identity.as_of_date + interval 1 day, true)
where held.email is not null
group by identity.as_of_date, held.email
