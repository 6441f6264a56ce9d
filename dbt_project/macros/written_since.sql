{#
  The rows of a table that a test of single rows has to look at: those written since the table was last built well, as its
  test passed for all the others, and rows do not change without being written. steps/build.py says from which snapshot of
  the lake on, per table; where it says nothing (a first or full build, another project, `cohorte dbt test`), all.
#}
{% macro written_since(model) -%}
    {%- set good = fromjson(env_of_run('COHORTE_DBT_GOOD', '{}') | trim) if execute else {} -%}
    {%- set since = good.get(model.schema ~ '.' ~ model.identifier) -%}
    {%- if since is none -%}
        {{ model }}
    {%- else -%}
        {%- set newest = run_query("from lake.current_snapshot()")[0][0] -%}
        {%- if newest > since -%}
        ducklake_table_insertions('lake', '{{ model.schema }}', '{{ model.identifier }}', {{ since + 1 }}, {{ newest }})
        {%- else -%}
        (select * from {{ model }} limit 0)
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
