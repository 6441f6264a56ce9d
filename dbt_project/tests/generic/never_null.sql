{# None of these columns holds a null. #}
{% test never_null(model, columns) %}
{{ looked_at(model, columns) }}
{% for column in columns %}
select '{{ column }}' as column_name, count(*) as nulls
from looked_at
where {{ column }} is null
having count(*) > 0
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{% endtest %}
