{# What to read of a raw table: `relation`, and on an incremental run a condition that leaves out loads the model has. #}
{% macro landed_since(relation) -%}
    {{ relation }}{% if is_incremental() %} where _load_id > {{ loaded_until() }}{% endif %}
{%- endmacro %}

{# The newest load the model has, '' for none: load ids grow with time. A unit test overrides it with a literal. #}
{% macro loaded_until() -%}
    getvariable('loaded_until')
{%- endmacro %}

{#
  A pre-hook: looks up `loaded_until` before it is needed. What is known when a query is planned lets the lake leave files
  unopened.
#}
{% macro look_up_loaded_until() -%}
    {%- if is_incremental() -%}
        set variable loaded_until = coalesce({{ newest_load(this) }}, '')
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#
  The id of the newest load in a table. It is asked by time, which the statistics of the files answer, where the greatest
  text would have all rows read. Should clocks have disagreed, it is an older one: a load comes twice, and changes nothing.
#}
{% macro newest_load(relation) -%}
    (select _load_id from {{ relation }} where _loaded_at = (select max(_loaded_at) from {{ relation }}) limit 1)
{%- endmacro %}
