{#
  None of these columns holds a null. One question a column, so that the statistics of the files answer those about
  columns without any: a condition over several would read them all.
#}
{% test never_null(model, columns) %}
{%- for column in columns %}
select '{{ column }}' as column_name, count(*) as nulls
from (select * from {{ written_since(model) }})
where {{ column }} is null
having count(*) > 0
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{% endtest %}
