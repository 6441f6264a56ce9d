-- What customers buy, per customer and as-of date: shares of spend by department and how mixed they are.
with bought as (
    select
        dates.as_of_date,
        orders.*
    from {{ ref('int_features__spend') }} as orders
    inner join {{ ref('int_features__as_of') }} as dates
        on
            orders.known_on <= dates.as_of_date
            and orders.ordered_on <= dates.as_of_date
            and orders.ordered_on > dates.as_of_date - 180
),

owned as ({{ owned_then('bought') }}),

spend as (
    select
        as_of_date,
        customer_id,
        department,
        sum(value) as value
    from owned
    group by as_of_date, customer_id, department
)

select
    as_of_date,
    customer_id,
    sum(value) as spend_180d,
    count(*) as departments,
    -- The entropy of v/s is ln s - sum(v ln v)/s. Rounded, to come out the same in whatever order it is summed.
    round(ln(sum(value)) - sum(value * ln(value)) / sum(value), 9) as category_entropy,
    coalesce(sum(value) filter (where department in ('PRODUCE', 'SALAD BAR', 'SEAFOOD', 'FLORAL')), 0) / sum(value) as fresh_share,
    coalesce(sum(value) filter (where department in ('MEAT', 'MEAT-PCKGD')), 0) / sum(value) as meat_share,
    coalesce(sum(value) filter (where department in ('DRUG GM', 'COSMETICS', 'NUTRITION')), 0) / sum(value) as personal_care_share,
    coalesce(sum(value) filter (where department in ('DELI', 'PASTRY', 'CHEF SHOPPE', 'RESTAURANT')), 0) / sum(value) as deli_share,
    arg_max(department, (value, department)) as top_department
from spend
group by as_of_date, customer_id
