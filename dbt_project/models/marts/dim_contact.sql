{{ config(schema='pii', unique_key='customer_id', meta={'answers_for': 'changed customers'}) }}

-- depends_on: {{ ref('int_identity__history') }}

-- The golden record's personal part. Which record's value survives is declared in dbt_project.yml, `golden_record`.
with records as ({{ records_of_customers() }})

select
    customer_id::varchar as customer_id,
    {%- for field in ['email', 'given_name', 'family_name', 'birth_date', 'street', 'city', 'state', 'postal_code', 'country'] %}
    {{ survivor(field) }} as {{ field }},
    {%- endfor %}
    {{ survivor('phone_e164', e164('phone')) }} as phone_e164
from records
group by customer_id
