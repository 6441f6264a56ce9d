-- What customers buy, per customer and as-of date: shares of spend by department and how mixed they are.
with spend as (
    select
        dates.as_of_date,
        lines.customer_id,
        lines.department,
        sum(lines.sales_value) as value
    from {{ ref('int_features__as_of') }} as dates
    inner join {{ ref('fct_order_line') }} as lines
        on
            lines.ordered_on <= dates.as_of_date
            and lines.ordered_on > dates.as_of_date - 180
            and lines.known_at < dates.as_of_date + interval 1 day
    where lines.sales_value > 0
    group by all
),

shares as (
    select
        *,
        value / sum(value) over (partition by as_of_date, customer_id) as share
    from spend
)

select
    as_of_date,
    customer_id,
    count(*) as departments,
    -sum(share * ln(share)) as category_entropy,
    coalesce(sum(share) filter (where department in ('PRODUCE', 'SALAD BAR', 'SEAFOOD', 'FLORAL')), 0) as fresh_share,
    coalesce(sum(share) filter (where department in ('MEAT', 'MEAT-PCKGD')), 0) as meat_share,
    coalesce(sum(share) filter (where department in ('DRUG GM', 'COSMETICS', 'NUTRITION')), 0) as personal_care_share,
    coalesce(sum(share) filter (where department in ('DELI', 'PASTRY', 'CHEF SHOPPE', 'RESTAURANT')), 0) as deli_share,
    arg_max(department, (share, department)) as top_department
from shares
group by all
