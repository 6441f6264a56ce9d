{#
  A materialization: a table of the build's own memory (docs/adr/0026). It is made anew, whatever is there, so nobody has
  to look; dbt's own for tables makes another, looks, and renames it twice.
#}
{% materialization part, adapter='duckdb' -%}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        create or replace table {{ target }} as (
            {{ sql }}
        )
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}
