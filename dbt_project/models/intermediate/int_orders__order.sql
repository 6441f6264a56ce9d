{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='order_id',
    pre_hook="{{ add_columns('_returns_until varchar', '_return_lines_until varchar') }}"
) }}

-- Orders with the customer they belong to, and the ledger of what changed: `_version` grows whenever anything of an order
-- did, be it the order, a line of it, a product on it, a return of it, or whose it is. Models further down make the
-- orders anew whose version is above their own. Orders that were deleted, or are nobody's, stay as tombstones.
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
        (select max(_load_id) from {{ ref('stg_salesforce__return_order') }}) as returns_until,
        (select max(_load_id) from {{ ref('stg_salesforce__return_order_line_item') }}) as return_lines_until,
        (select max(_load_id) from {{ ref('stg_salesforce__product') }}) as products_until
)

{% if is_incremental() %}
, before as (
    select
        max(_load_id) as orders_until,
        max(_lines_until) as lines_until,
        max(_products_until) as products_until,
        coalesce(max(_returns_until), '') as returns_until,
        coalesce(max(_return_lines_until), '') as return_lines_until,
        max(_version) as version
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

    union

    select returns.order_id
    from {{ ref('stg_salesforce__return_order') }} as returns
    left join {{ ref('stg_salesforce__return_order_line_item') }} as lines on lines.return_order_id = returns.return_order_id
    where
        returns._load_id > (select returns_until from before)
        or lines._load_id > (select return_lines_until from before)
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
    newest.returns_until as _returns_until,
    newest.return_lines_until as _return_lines_until,
    {{ '(select coalesce(version, 0) from before) + 1' if is_incremental() else '1' }}::bigint as _version
from belonging
cross join newest
{%- if is_incremental() %}
where belonging.order_id in (select order_id from due)
{%- endif %}
