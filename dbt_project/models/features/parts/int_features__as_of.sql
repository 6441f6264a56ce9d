-- The as-of dates this run has to compute: the business date, month ends that are not in the history yet, dates asked
-- for (`cohorte run build features --as-of`), and, once there is a new feature, every date of the history.
{% set history = adapter.get_relation(database=target.database, schema='features', identifier='customer') %}
{% set has_all = namespace(columns=true) %}
{% if history and execute %}
    {% set there = adapter.get_columns_in_relation(history) | map(attribute='name') | list %}
    {% for declared in graph.nodes['model.cohorte.customer'].columns if declared not in there %}
        {% set has_all.columns = false %}
    {% endfor %}
{% endif %}

with month_ends as (
    select last_day((date '{{ as_of() }}' - to_months(months))::date) as as_of_date
    from range(1, {{ var("training_months") }} + 1) as past(months)
)

select date '{{ as_of() }}' as as_of_date
{%- for asked in fromjson(env_of_run('COHORTE_DBT_AS_OF_DATES', '[]') | trim) %}
union
select date '{{ asked }}'
{%- endfor %}
union
select as_of_date
from month_ends
{%- if history and has_all.columns %}
where as_of_date not in (select as_of_date from {{ history }})
{%- endif %}
{%- if history and not has_all.columns %}
union
select distinct as_of_date
from {{ history }}
{%- endif %}
