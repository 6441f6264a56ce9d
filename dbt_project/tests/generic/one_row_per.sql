{#
  What every row of a table keeps to. The grain: no two rows agree on all of `columns`, and none of them is null.

  nullable    columns of the grain that may be null all the same
  never_null  other columns that may not
  one_of      column -> the values it has, if it has any

  Of rows written since the last good build (see written_since) only those are compared with each other: a row with the
  key of an older one replaces it (unique_key), or its order's rows were all forgotten first, whichever the model does.
  A failure is a row: the rule, how many rows break it, and the key of one of them.
#}
{% test one_row_per(model, columns, nullable=[], never_null=[], one_of={}) %}
{%- set key = "concat_ws('|', " ~ columns | join(", ") ~ ")" %}
{{ looked_at(model, columns + never_null + one_of.keys() | list) }}

select 'more than one row' as rule, any_value(key) as example, sum(copies) as wrong_rows
from (
    select {{ key }} as key, count(*) as copies
    from looked_at
    group by {{ columns | join(', ') }}
    having count(*) > 1
)
having count(*) > 0
{%- for column in columns + never_null if column not in nullable %}
union all
select '{{ column }} is null', any_value({{ key }}), count(*)
from looked_at
where {{ column }} is null
having count(*) > 0
{%- endfor %}
{%- for column, values in one_of.items() %}
union all
select '{{ column }} is ' || any_value({{ column }}), any_value({{ key }}), count(*)
from looked_at
where {{ column }} not in ('{{ values | join("', '") }}')
having count(*) > 0
{%- endfor %}
{% endtest %}
