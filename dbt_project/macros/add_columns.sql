{#
  A pre-hook for an incremental model whose SQL reads columns of itself that its table, built by an older version of the
  model, may lack: adds them, empty. `on_schema_change` comes too late for that.
#}
{% macro add_columns() -%}
    {%- if is_incremental() -%}
        {%- for column in varargs %}
        alter table {{ this }} add column if not exists {{ column }};
        {%- endfor %}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
