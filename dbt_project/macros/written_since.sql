{#
  The rows of a table that a test of single rows has to look at: those written since the table was last built well, as its
  test passed for all the others, and rows do not change without being written. steps/build.py says from which snapshot of
  the lake on, per table; where it says nothing (a first or full build, another project, `cohorte dbt test`), all.
#}
{% macro written_since(model) -%}
    {%- set since = last_good(model) -%}
    {{ model }}{% if since is not none %} where snapshot_id > {{ since }}{% endif %}
{%- endmacro %}

{#
  Columns of the rows that a test looks at, to be asked one question each. The few of an increment are read once for all
  questions. Of a whole table, each reads its own column: where no file has a null, its statistics answer.
#}
{% macro looked_at(model, columns) -%}
with looked_at as {{ 'not ' if last_good(model) is none }}materialized (
    select {{ columns | unique | join(', ') }} from {{ written_since(model) }}
)
{%- endmacro %}

{# The snapshot of the lake from which a table was last built well, if that is known. #}
{% macro last_good(model) -%}
    {%- set good = fromjson(env_of_run('COHORTE_DBT_GOOD', '{}') | trim) if execute else {} -%}
    {{ return(good.get(model.schema ~ '.' ~ model.identifier)) }}
{%- endmacro %}

{#
  The snapshot of the lake whose rows, and all before, the last good build of a table had seen; none when it is not known,
  or somebody else has written to the table since, and it has to be made of everything.
#}
{% macro last_seen(model) -%}
    {%- set seen = fromjson(env_of_run('COHORTE_DBT_SEEN', '{}') | trim) if execute else {} -%}
    {{ return(seen.get(model.schema ~ '.' ~ model.identifier)) }}
{%- endmacro %}
