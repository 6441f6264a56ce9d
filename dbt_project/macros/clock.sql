{# The business time the run works for, from steps/build.py (the sandbox's clock, in the demo). #}
{% macro now() -%}
    {{ env_var('COHORTE_DBT_NOW', modules.datetime.datetime.utcnow().isoformat()) }}
{%- endmacro %}

{# Its date: what features are as of. #}
{% macro as_of() -%}
    {{ env_var('COHORTE_DBT_NOW', modules.datetime.datetime.utcnow().isoformat())[:10] }}
{%- endmacro %}
