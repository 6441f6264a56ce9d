{{ config(unique_key='customer_id', meta={'answers_for': 'changed customers'}) }}

-- depends_on: {{ ref('int_identity__history') }}

-- The golden record without personal data. Which record's value survives is declared in dbt_project.yml, `golden_record`.
with records as ({{ records_of_customers() }})

select
    customer_id::varchar as customer_id,
    {%- for field in ['age_band', 'income_band', 'home_ownership', 'marital_status', 'household_size',
                      'household_composition', 'kids_count', 'city', 'state', 'country'] %}
    ({{ survivor(field) }})::varchar as {{ field }},
    {%- endfor %}
    count(*)::integer as contact_records,
    bool_or(is_trusted) as is_loyalty_member,
    min(created_at)::timestamp as customer_since
from records
group by customer_id
