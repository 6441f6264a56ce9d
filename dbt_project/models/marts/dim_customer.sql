-- The golden record without personal data. Per field: the loyalty contact first, then the newest record that has it.
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
    {%- for field in ['age_band', 'income_band', 'home_ownership', 'marital_status', 'household_size',
                      'household_composition', 'kids_count', 'city', 'state', 'country'] %}
    (arg_max({{ field }}, (is_loyalty, modified_at, contact_id)) filter (where {{ field }} is not null))::varchar as {{ field }},
    {%- endfor %}
    count(*)::integer as contact_records,
    bool_or(is_loyalty) as is_loyalty_member,
    min(created_at)::timestamp as customer_since
from records
group by customer_id
