-- Orders with the customer they belong to; the bridge between purchases and identity.
select
    orders.order_id,
    customers.customer_id,
    orders.store_id,
    orders.ordered_at,
    orders.created_at as known_at
from {{ ref('stg_salesforce__order') }} as orders
inner join {{ ref('int_identity__customer') }} as customers
    on customers.record_id = 'salesforce:' || orders.contact_id
where not orders.is_deleted
