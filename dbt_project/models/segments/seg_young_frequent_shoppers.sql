-- Demographic and behavioural: 25 to 35 years old, more than two orders a month.
select customer_id from {{ ref('customer_latest') }}
where age between 25 and 35 and orders_per_month > 2
