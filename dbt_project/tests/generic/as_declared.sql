{#
  Every column is as its meta says, looked at in one scan.

  nulls   `never`, or when: only then may there be one
  range   [least, most] of a number, or of each number of a list; null for no bound. Numbers are finite in any case
  Text is never blank: what is not known is null. Lists hold no nulls.
#}
{% test as_declared(model) %}
{%- set checks = {} %}
{%- if execute %}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.alias == model.identifier and node.schema == model.schema %}
        {%- for column in node.columns.values() %}
            {%- set meta = column.config.meta or column.meta %}
            {%- set name = adapter.quote(column.name) %}
            {%- set wrong = [] %}
            {%- if meta.nulls == 'never' %}{% do wrong.append(name ~ ' is null') %}{% endif %}
            {%- set value = 'x' if column.data_type.endswith('[]') else name %}
            {%- set of_value = [] %}
            {%- if column.data_type.startswith('varchar') %}{% do of_value.append(is_blank(value)) %}{% endif %}
            {%- if column.data_type.startswith('double') %}{% do of_value.append("not isfinite(" ~ value ~ ")") %}{% endif %}
            {%- if meta.range and meta.range[0] is not none %}{% do of_value.append(value ~ " < " ~ meta.range[0] ~ " - 1e-9") %}{% endif %}
            {%- if meta.range and meta.range[1] is not none %}{% do of_value.append(value ~ " > " ~ meta.range[1] ~ " + 1e-9") %}{% endif %}
            {%- if column.data_type.endswith('[]') %}
                {%- do of_value.append("x is null") %}
                {%- do wrong.append("len(list_filter(" ~ name ~ ", lambda x: " ~ of_value | join(" or ") ~ ")) > 0") %}
            {%- else %}
                {%- do wrong.extend(of_value) %}
            {%- endif %}
            {%- if wrong %}{% do checks.update({column.name: wrong | join(" or ")}) %}{% endif %}
        {%- endfor %}
    {%- endfor %}
    {%- if not checks %}{{ exceptions.raise_compiler_error("as_declared: " ~ model ~ " declares nothing to look at") }}{% endif %}
{%- endif %}
with looked_at as (
    select
        {%- for column, wrong in checks.items() %}
        count(*) filter (where {{ wrong }}) as {{ adapter.quote(column) }},
        {%- endfor %}
        0 as nothing
    from {{ written_since(model) }}
)

select column_name, wrong_rows
from (unpivot looked_at on columns(*) into name column_name value wrong_rows)
where wrong_rows > 0
{% endtest %}
