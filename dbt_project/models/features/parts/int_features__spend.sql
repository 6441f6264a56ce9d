{{ config(
    database='lake',
    schema='intermediate',
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget_changed_orders('known_on') }}"
) }}

-- depends_on: {{ ref('int_orders__order') }}
-- Spend by department added up once, by order and by the day its lines became known.
with lines as (
    {{- lines_of_changed_orders('order_id, customer_id, ordered_on, known_at, department, sales_value, _version') }}
)

select
    order_id,
    customer_id,
    ordered_on,
    known_at::date as known_on,
    department,
    sum(sales_value) as value,
    max(_version) as _version
from lines
where sales_value > 0
group by order_id, customer_id, ordered_on, known_on, department
order by customer_id -- as in int_features__baskets
