{#
  An incremental strategy: records that came are inserted, or put in the place of an older version. Nothing is written when
  nothing came, and only those parts of the table are searched that have records made on the same days as those that came.

  unique_key  the grain: one column
  meta        born: when a record was made, which never changes; without it, or where it is null, the whole table is searched
              changed: when a version was made; an older one changes nothing
#}
{% macro get_incremental_newest_sql(arg_dict) -%}
{%- set born = config.get('meta', {}).get('born') -%}
{%- set spans = spans_of_days(arg_dict.temp_relation, born or 'null') -%}
{%- for span in spans %}
    {{ merge_newest(arg_dict, born, span) }};
{%- endfor %}
{%- if not spans %}
    select 'nothing came'
{%- endif %}
{%- endmacro %}

{% macro merge_newest(arg_dict, born, span) -%}
{%- set changed = config.get('meta', {}).get('changed') -%}
merge into {{ arg_dict.target_relation }} as present
using (
    select * from {{ arg_dict.temp_relation }}
    {%- if span %} where {{ within_span(born, span) }}{% elif born %} where {{ born }} is null{% endif %}
) as came
on present.{{ arg_dict.unique_key }} = came.{{ arg_dict.unique_key }}{% if span %} and {{ within_span('present.' ~ born, span) }}{% endif %}
when matched {% if changed %}and came.{{ changed }} >= present.{{ changed }} {% endif %}then update by name
when not matched then insert by name
{%- endmacro %}

{% macro within_span(column, span) -%}
    {{ column }} >= timestamp '{{ span[0] }}' and {{ column }} < timestamp '{{ span[1] }}'
{%- endmacro %}

{#
  Days on which rows were made, as a list of [first, day after the last]; days without a gap are one, and so are all when
  they are many. Beside them `none`, for rows of which it is not known. Empty for no rows.
#}
{% macro spans_of_days(relation, born, most=8) -%}
    {%- set found = run_query(
        "with days as (select distinct " ~ born ~ "::date as day from " ~ relation ~ "), "
        ~ "runs as (select day, day - row_number() over (order by day)::integer as run from days) "
        ~ "select min(day)::varchar, (max(day) + 1)::varchar from runs group by run, day is null order by 1"
    ) -%}
    {%- set spans = [] -%}
    {%- set unknown = [] -%}
    {%- for first, end in found -%}
        {%- if first is none -%}{%- do unknown.append(none) -%}{%- else -%}{%- do spans.append([first, end]) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(([[spans[0][0], spans[-1][1]]] if spans | length > most else spans) + unknown) }}
{%- endmacro %}
