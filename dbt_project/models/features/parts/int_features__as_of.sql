-- The as-of dates this run has to compute: the business date, and month ends that are not in the history yet.
{% set history = adapter.get_relation(database=target.database, schema='features', identifier='customer') %}

with wanted as (
    select date '{{ as_of() }}' as as_of_date
    union
    select last_day((date '{{ as_of() }}' - to_months(months))::date)
    from range(1, {{ var("training_months") }} + 1) as past(months)
)

select as_of_date
from wanted
where
    as_of_date = date '{{ as_of() }}'
    {% if history and not flags.FULL_REFRESH -%}
    or as_of_date not in (select as_of_date from {{ history }})
    {%- endif %}
    {% if not history or flags.FULL_REFRESH -%}
    or true
    {%- endif %}
