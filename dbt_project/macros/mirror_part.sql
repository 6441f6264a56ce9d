{#
  An incremental strategy: as `mirror`, for a SELECT that answers for part of the table. What it does not name stays.

  unique_key  the grain: a column or a list of them, never null
  meta        part: a column of the grain; of every value it names, the SELECT answers all the rows there are
              gone: a column that is never null, but where the SELECT names a value that has no rows any more
#}
{% macro get_incremental_mirror_part_sql(arg_dict) -%}
{%- set meta = config.get('meta') -%}
{%- set key = [arg_dict.unique_key] if arg_dict.unique_key is string else arg_dict.unique_key -%}
{%- set wanted = '(select * from ' ~ arg_dict.temp_relation ~ ' where ' ~ meta.gone ~ ' is not null)' -%}
{%- set same = [] -%}
{%- for column in key -%}{%- do same.append('wanted.' ~ column ~ ' = present.' ~ column) -%}{%- endfor -%}
{%- set differs = [] -%}
{%- for column in arg_dict.dest_columns | map(attribute='name') if column not in key -%}
    {%- do differs.append('wanted.' ~ column ~ ' is distinct from present.' ~ column) -%}
{%- endfor -%}
delete from {{ arg_dict.target_relation }} as present
where
    {{ meta.part }} in (select {{ meta.part }} from {{ arg_dict.temp_relation }})
    and not exists (select 1 from {{ wanted }} as wanted where {{ same | join(' and ') }});

merge into {{ arg_dict.target_relation }} as present
using {{ wanted }} as wanted
on {{ same | join(' and ') }}
when matched and ({{ differs | join(' or ') }}) then update by name
when not matched then insert by name;
{%- endmacro %}
