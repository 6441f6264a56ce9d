{#
  An incremental strategy: the table becomes what the SELECT answers, and only rows that differ are written. So the
  table's change feed is the change, and whoever follows it (a sync, a stream) has no more to do than has happened.

  unique_key  the grain: a column or a list of them, never null
  meta        answers_for: `changed customers`, when the SELECT answers for those alone (see records_of_customers)
#}
{% macro get_incremental_mirror_sql(arg_dict) -%}
{%- set seen = last_seen(arg_dict.target_relation) if config.get('meta', {}).get('answers_for') else none -%}
{%- set key = [arg_dict.unique_key] if arg_dict.unique_key is string else arg_dict.unique_key -%}
{%- set columns = arg_dict.dest_columns | map(attribute='name') | list -%}
{%- set same = [] -%}
{%- for column in key -%}{%- do same.append('wanted.' ~ column ~ ' = present.' ~ column) -%}{%- endfor -%}
{%- set differs = [] -%}
{%- for column in columns if column not in key -%}
    {%- do differs.append('wanted.' ~ column ~ ' is distinct from present.' ~ column) -%}
{%- endfor -%}
delete from {{ arg_dict.target_relation }} as present
where
    not exists (select 1 from {{ arg_dict.temp_relation }} as wanted where {{ same | join(' and ') }})
    {%- if seen is not none %}
    and customer_id in ({{ changed_customers(seen) }})
    {%- endif %};

merge into {{ arg_dict.target_relation }} as present
using {{ arg_dict.temp_relation }} as wanted
on {{ same | join(' and ') }}
{%- if differs %}
when matched and ({{ differs | join(' or ') }}) then update set
    {% for column in columns if column not in key %}{{ column }} = wanted.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{%- endif %}
when not matched then insert ({{ columns | join(', ') }})
    values ({% for column in columns %}wanted.{{ column }}{{ ', ' if not loop.last }}{% endfor %});
{%- endmacro %}
