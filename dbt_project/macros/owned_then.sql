{#
  Rows of orders, each for an as-of date, with the customer whose the order was on that date in place of today's, and
  without those that were nobody's. As of today nothing has moved, and the join is with an empty table.

  rows    name of a CTE with as_of_date, order_id and customer_id
#}
{% macro owned_then(rows) %}
    select {{ rows }}.* replace (if(moved.order_id is null, {{ rows }}.customer_id, moved.customer_id) as customer_id)
    from {{ rows }}
    left join {{ ref('int_features__moved_order') }} as moved
        on moved.as_of_date = {{ rows }}.as_of_date and moved.order_id = {{ rows }}.order_id
    where if(moved.order_id is null, {{ rows }}.customer_id, moved.customer_id) is not null
{% endmacro %}
