{{ config(materialized='incremental', incremental_strategy='merge', unique_key='order_id') }}

-- Orders with the customer they belong to, and the ledger of what changed: `_version` grows whenever anything of an order
-- did, be it the order, a line of it, a product on it, or whose it is. Models further down make the orders anew whose
-- version is above their own. Orders that were deleted, or are nobody's, stay as tombstones.
with belonging as (
    select
        orders.order_id,
        customers.customer_id,
        orders.store_id,
        orders.ordered_at,
        orders.created_at as known_at,
        orders.is_deleted or customers.customer_id is null as is_gone,
        orders._load_id
    from {{ ref('stg_salesforce__order') }} as orders
    left join {{ ref('int_identity__customer') }} as customers
        on customers.record_id = 'salesforce:' || orders.contact_id
),

newest as (
    select
        (select max(_load_id) from {{ ref('stg_salesforce__order_item') }}) as lines_until,
        (select max(_load_id) from {{ ref('stg_salesforce__product') }}) as products_until
)

{% if is_incremental() %}
, before as (
    select max(_load_id) as orders_until, max(_lines_until) as lines_until, max(_products_until) as products_until, max(_version) as version
    from {{ this }}
),

due as (
    select belonging.order_id
    from belonging
    left join {{ this }} as known on known.order_id = belonging.order_id
    where
        known.order_id is null
        or known.customer_id is distinct from belonging.customer_id
        or known.is_gone <> belonging.is_gone
        or belonging._load_id > (select orders_until from before)

    union

    select order_id from {{ ref('stg_salesforce__order_item') }}
    where _load_id > (select lines_until from before)

    union

    select order_id from {{ ref('stg_salesforce__order_item') }}
    where product_id in (
        select product_id from {{ ref('stg_salesforce__product') }}
        where _load_id > (select products_until from before)
    )
)
{% endif %}

select
    belonging.order_id,
    belonging.customer_id,
    belonging.store_id,
    belonging.ordered_at,
    belonging.known_at,
    belonging.is_gone,
    belonging._load_id,
    newest.lines_until as _lines_until,
    newest.products_until as _products_until,
    {{ '(select coalesce(version, 0) from before) + 1' if is_incremental() else '1' }}::bigint as _version
from belonging
cross join newest
{%- if is_incremental() %}
where belonging.order_id in (select order_id from due)
{%- endif %}
