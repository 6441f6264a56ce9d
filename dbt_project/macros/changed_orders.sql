{#
  For models with the rows of an order side by side, each with the order's `_version` (see int_orders__order): they
  forget the orders that changed since and make them anew, in one transaction. What a change is, is said in one place.
#}

{# A pre-hook: lets go of every order that changed, also of those that come to nothing now. #}
{% macro forget_changed_orders() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where order_id in ({{ changed_orders() }})
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{# Orders above the version this model is up to; all of them at first. #}
{% macro changed_orders() -%}
    select order_id from {{ ref('int_orders__order') }}
    {%- if is_incremental() %} where _version > (select coalesce(max(_version), 0) from {{ this }}){% endif %}
{%- endmacro %}
