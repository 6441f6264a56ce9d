{#
  What int_returns__line had seen when it was last written: loads of returns and of their lines, and the version of
  int_orders__order. A unit test overrides it with a literal.
#}
{% macro returns_until(what) -%}
    getvariable('returns').{{ what }}
{%- endmacro %}

{#
  Pre-hooks: looks that up before it is needed, so that the lake can leave files unopened, and lets go of the returns that
  changed, also of those that come to nothing now.
#}
{% macro look_up_returns() -%}
    {%- if is_incremental() -%}
        set variable returns = (
            select {
                'returns': coalesce(max(_returns_until), ''),
                'lines': coalesce(max(_return_lines_until), ''),
                'orders': coalesce(max(_orders_until), 0)
            }
            from {{ this }}
        )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{% macro forget_changed_returns() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where return_order_id in ({{ changed_returns() }})
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{# Returns of which anything changed since: they, a line of theirs, the order, or whose it is. #}
{% macro changed_returns() -%}
    select return_order_id from {{ ref('stg_salesforce__return_order') }}
    where _load_id > {{ returns_until('returns') }}

    union

    select return_order_id from {{ ref('stg_salesforce__return_order_line_item') }}
    where _load_id > {{ returns_until('lines') }}

    union

    select return_order_id from {{ ref('stg_salesforce__return_order') }}
    where order_id in (
        select order_id from {{ ref('int_orders__order') }} where _version > {{ returns_until('orders') }}
    )
{%- endmacro %}
