{#
  When a stream was last heard of, for `dbt source freshness`: when a load of it was accepted, also one without rows. A
  stream where nothing happens is not stale; one whose extract fails is.
#}
{% macro last_load() -%}
    select max(loaded_at) from {{ model.database }}.ops.load where source || '__' || stream = '{{ model.identifier }}'
{%- endmacro %}
