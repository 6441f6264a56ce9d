{# Schemas are the layers' own names, without a prefix: analysts query `marts.dim_customer`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
