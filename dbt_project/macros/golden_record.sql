{#
  Contacts that stand for a customer, with what the rules of `vars: golden_record` go by: is_trusted, modified_at and
  completeness. To be used as `with records as ({{ records_of_customers() }})`. Of customers of whom nothing changed since
  the last good build there are none (see changed_customers).
#}
{% macro records_of_customers() -%}
    select
        customers.customer_id,
        contacts.*,
        contacts.loyalty_id is not null as is_trusted,
        {{ completeness('contacts') }} as completeness
    from {{ ref('stg_salesforce__contact') }} as contacts
    inner join {{ ref('int_identity__customer') }} as customers
        on customers.record_id = 'salesforce:' || contacts.contact_id
    where
        not contacts.is_deleted
        {%- if last_seen(this) is not none %}
        and customers.customer_id in ({{ changed_customers(last_seen(this)) }})
        {%- endif %}
{%- endmacro %}

{# Customers of whom a contact was written after a snapshot of the lake, or who lost or gained a record. #}
{% macro changed_customers(seen) -%}
    select customer_id from {{ ref('int_identity__history') }}
    where snapshot_id > {{ seen }}

    union

    select customer_id from {{ ref('int_identity__customer') }}
    where record_id in (
        select 'salesforce:' || contact_id from {{ ref('stg_salesforce__contact') }}
        where snapshot_id > {{ seen }}
    )
{%- endmacro %}

{# The value that survives, by the field's rules; `value` is an expression where it is not the column itself. #}
{% macro survivor(field, value=none) -%}
    {%- set columns = {'trusted': 'is_trusted', 'newest': 'modified_at', 'complete': 'completeness'} -%}
    {%- set declared = var('golden_record') -%}
    {%- set order = [] -%}
    {%- for rule in declared.get(field, declared['default']) -%}
        {%- if rule not in columns -%}
            {{ exceptions.raise_compiler_error(
                "golden_record: " ~ field ~ " has the rule " ~ rule ~ "; there are " ~ columns.keys() | join(", ")
                ~ ". Mend it in dbt_project.yml."
            ) }}
        {%- endif -%}
        {%- do order.append(columns[rule]) -%}
    {%- endfor -%}
    arg_max({{ value or field }}, ({{ order | join(', ') }}, contact_id)) filter (where {{ value or field }} is not null)
{%- endmacro %}

{# How many of the fields that tell of a person have a value. #}
{% macro completeness(contacts) -%}
    {%- set fields = [
        'email', 'phone', 'given_name', 'family_name', 'birth_date', 'street', 'city', 'postal_code', 'age_band',
        'income_band', 'household_size', 'household_composition', 'kids_count'
    ] -%}
    {%- for field in fields %}
        ({{ contacts }}.{{ field }} is not null)::integer{{ ' +' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
