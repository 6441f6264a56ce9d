{#
  For models with the rows of an order side by side, each with the order's `_version` (see int_orders__order): they
  forget the orders that changed since and make them anew, in one transaction. What a change is, is said in one place.
#}

{#
  A pre-hook: lets go of every order that changed, also of those that come to nothing now. Orders that are known only since
  the newest that is here are not looked for: most that change are new, and with no other no row is read.

  known       the column that says when a row became known, a time or a day: when its order was, or later
#}
{% macro forget_changed_orders(known='known_at') -%}
    {%- set kind = 'date' if known.endswith('_on') else 'timestamp' -%}
    {%- if is_incremental() -%}
        set variable version_held = (select coalesce(max(_version), 0) from {{ this }});
        set variable known_until = (select max({{ known }}) from {{ this }});
        delete from {{ this }} where order_id in (
            {{ changed_orders() }} and not coalesce(known_at::{{ kind }} > getvariable('known_until'), false)
        )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#
  The version a model was up to before it forgot the orders that changed. It is known when a query is planned: the lake
  leaves files unopened by it, and does not compare rows with a question that is still to be answered. A unit test
  overrides it with a literal.
#}
{% macro version_held() -%}
    getvariable('version_held')
{%- endmacro %}

{# Orders above the version this model is up to; all of them at first. #}
{% macro changed_orders() -%}
    select order_id from {{ ref('int_orders__order') }}
    {%- if is_incremental() %} where _version > {{ version_held() }}{% endif %}
{%- endmacro %}

{# The same for a model with the rows of few orders, whose own newest version says nothing of what else changed. #}
{% macro forget_orders_that_moved_on() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where order_id in (
            select ledger.order_id
            from {{ this }} as held
            inner join {{ ref('int_orders__order') }} as ledger on ledger.order_id = held.order_id
            where ledger._version > held._version
        )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#
  Columns of the lines of changed orders, also of those whose customer is gone, as features of past dates need them. Such
  lines were made anew with the order's new version.
#}
{% macro lines_of_changed_orders(columns) -%}
    {%- for relation in [ref('fct_order_line'), ref('int_orders__ownerless_line')] %}
    select {{ columns }}
    from {{ relation }}
    {%- if is_incremental() %}
    where _version > {{ version_held() }}
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
