-- Orders that on an as-of date were somebody else's than today, by the contact they are billed to. None, as of today.
with today as (select * from {{ ref('int_identity__customer') }}),

moved as (
    select
        identity.as_of_date,
        identity.record_id,
        identity.customer_id
    from {{ ref('int_features__identity') }} as identity
    left join today on today.record_id = identity.record_id
    where today.customer_id is distinct from identity.customer_id

    union all

    -- Those who were away on that day.
    select
        dates.as_of_date,
        today.record_id,
        null
    from today
    cross join {{ ref('int_features__as_of') }} as dates
    anti join {{ ref('int_features__identity') }} as identity
        on identity.as_of_date = dates.as_of_date and identity.record_id = today.record_id
)

select
    moved.as_of_date,
    orders.order_id,
    moved.customer_id
from {{ ref('stg_salesforce__order') }} as orders
inner join moved on moved.record_id = 'salesforce:' || orders.contact_id
