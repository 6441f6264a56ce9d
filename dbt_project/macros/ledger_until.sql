{#
  What int_orders__order had seen of a table when it was last written: a load, or the version of int_identity__history.
  A unit test overrides it with a literal.
#}
{% macro ledger_until(what) -%}
    getvariable('ledger').{{ what }}
{%- endmacro %}

{#
  A pre-hook of int_orders__order: looks that up before it is needed, so that the lake can leave files unopened. Rows of the
  newest version have the newest of all. What an older version of the model did not keep is taken for nothing.
#}
{% macro look_up_ledger() -%}
    {%- if is_incremental() -%}
        set variable ledger = (
            select {
                'orders': coalesce(max(_orders_until), max(_load_id), ''),
                'lines': coalesce(max(_lines_until), ''),
                'products': coalesce(max(_products_until), ''),
                'identity': coalesce(max(_identity_until), 0),
                'version': coalesce(max(_version), 0)
            }
            from {{ this }}
            where _version = (select max(_version) from {{ this }})
        )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
