{{ config(schema='pii') }}

-- The golden record's personal part. Per field: the loyalty contact first, then the newest record that has it.
with records as (
    select
        customers.customer_id,
        contacts.*,
        contacts.loyalty_id is not null as is_loyalty
    from {{ ref('stg_salesforce__contact') }} as contacts
    inner join {{ ref('int_identity__customer') }} as customers
        on customers.record_id = 'salesforce:' || contacts.contact_id
    where not contacts.is_deleted
)

select
    customer_id::varchar as customer_id,
    {%- for field in ['email', 'given_name', 'family_name', 'birth_date', 'street', 'city', 'state', 'postal_code', 'country'] %}
    arg_max({{ field }}, (is_loyalty, modified_at, contact_id)) filter (where {{ field }} is not null) as {{ field }},
    {%- endfor %}
    arg_max({{ e164('phone') }}, (is_loyalty, modified_at, contact_id)) filter (where {{ e164('phone') }} is not null) as phone_e164
from records
group by customer_id
