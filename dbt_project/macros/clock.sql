{# The business time the run works for, from steps/build.py (the sandbox's clock, in the demo). #}
{% macro now() -%}
    {{ env_of_run('COHORTE_DBT_NOW', modules.datetime.datetime.utcnow().isoformat()) }}
{%- endmacro %}

{# Its date: what features are as of. #}
{% macro as_of() -%}
    {{ env_of_run('COHORTE_DBT_NOW', modules.datetime.datetime.utcnow().isoformat())[:10] }}
{%- endmacro %}

{#
  A variable that differs from run to run. dbt parses anew every file whose variables changed, which for a clock is all
  of them, each time: so it is read only when a model runs.
#}
{% macro env_of_run(name, default) -%}
    {% if execute %}{{ env_var(name, default) }}{% else %}{{ default }}{% endif %}
{%- endmacro %}
