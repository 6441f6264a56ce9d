{#
  The grain: no two rows agree on all of these columns.

  newest  a column that grows with every build that writes (a version, a load id): only rows that agree with one of the
          newest are looked for, as the rest was when it was new
#}
{% test one_row_per(model, columns, newest=none) %}
{%- set grain = columns | join(', ') %}
{%- set has_older = newest and execute and run_query('select min(' ~ newest ~ ') <> max(' ~ newest ~ ') from ' ~ model)[0][0] %}
select {{ grain }}, count(*) as copies
from {{ model }}
{%- if has_older %}
where hash({{ grain }}) in (
    select hash({{ grain }}) from {{ model }} where {{ newest }} = (select max({{ newest }}) from {{ model }})
)
{%- endif %}
group by all
having count(*) > 1
{% endtest %}
