{#
  The grain: no two rows agree on all of these columns.

  newest  a column that grows with every build that writes (a version, a load id): only rows that agree with one of the
          newest are looked for, as the rest was when it was new
#}
{% test one_row_per(model, columns, newest=none) %}
{%- set grain = columns | join(', ') %}
select {{ grain }}, count(*) as copies
from {{ model }}
{%- if newest %}
where ({{ grain }}) in (
    select ({{ grain }}) from {{ model }} where {{ newest }} = (select max({{ newest }}) from {{ model }})
)
{%- endif %}
group by all
having count(*) > 1
{% endtest %}
