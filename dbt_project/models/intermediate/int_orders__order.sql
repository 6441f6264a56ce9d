{{ config(
    incremental_strategy='newest',
    unique_key='order_id',
    meta={'born': 'known_at'},
    pre_hook=[
        "{{ add_columns('_orders_until varchar', '_identity_until bigint') }}",
        "{{ look_up_ledger() }}",
    ]
) }}

-- Orders with the customer they belong to, and the ledger of what changed: `_version` grows whenever anything of an order
-- did, be it the order, a line of it, a product on it, or whose it is. Models further down make the orders anew whose
-- version is above their own; of returns, which change no line, int_returns__line knows. Orders that were deleted, or are
-- nobody's, stay as tombstones.
with newest as (
    select
        {{ newest_load(ref('stg_salesforce__order')) }} as orders_until,
        {{ newest_load(ref('stg_salesforce__order_item')) }} as lines_until,
        {{ newest_load(ref('stg_salesforce__product')) }} as products_until,
        (select max(_version) from {{ ref('int_identity__history') }}) as identity_until
)

{% if is_incremental() %}
, products as (
    select
        product_id,
        coalesce(created_at, timestamp '-infinity') as created_at
    from {{ ref('stg_salesforce__product') }}
    where _load_id > {{ ledger_until('products') }}
),

due as (
    select order_id from {{ ref('stg_salesforce__order') }}
    where _load_id > {{ ledger_until('orders') }}

    union

    -- A stay of a contact that began or ended.
    select order_id from {{ ref('stg_salesforce__order') }}
    where contact_id in (
        select record_id[12:] from {{ ref('int_identity__history') }}
        where starts_with(record_id, 'salesforce:') and _version > {{ ledger_until('identity') }}
    )

    union

    select order_id from {{ ref('stg_salesforce__order_item') }}
    where _load_id > {{ ledger_until('lines') }}

    union

    -- No line was modified before there was its product.
    select order_id from {{ ref('stg_salesforce__order_item') }}
    where
        product_id in (select product_id from products)
        and modified_at >= (select min(created_at) from products)
)
{% endif %}

-- Taken out first: joined as they are, all of them would be.
, orders as {{ 'materialized ' if is_incremental() }}(
    select
        *,
        'salesforce:' || contact_id as record_id
    from {{ ref('stg_salesforce__order') }}
    {%- if is_incremental() %}
    where order_id in (select order_id from due)
    {%- endif %}
)

select
    orders.order_id,
    customers.customer_id,
    orders.store_id,
    orders.ordered_at,
    orders.created_at as known_at,
    orders.is_deleted or customers.customer_id is null as is_gone,
    orders._load_id,
    newest.orders_until as _orders_until,
    newest.lines_until as _lines_until,
    newest.products_until as _products_until,
    newest.identity_until as _identity_until,
    {{ ledger_until('version') ~ '::bigint + 1' if is_incremental() else '1::bigint' }} as _version
from orders
cross join newest
left join {{ ref('int_identity__customer') }} as customers on customers.record_id = orders.record_id
