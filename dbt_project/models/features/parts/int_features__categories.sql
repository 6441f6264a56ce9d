-- What customers buy, per customer and as-of date: shares of spend by department and how mixed they are. A logarithm is
-- rounded, for it to come out the same in whatever order it is summed.
with spend as (
    select
        dates.as_of_date,
        bought.customer_id,
        bought.department,
        sum(bought.value) as value
    from {{ ref('int_features__as_of') }} as dates
    inner join {{ ref('int_features__spend') }} as bought
        on
            bought.ordered_on <= dates.as_of_date
            and bought.ordered_on > dates.as_of_date - 180
            and bought.known_on <= dates.as_of_date
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
    round(-sum(share * ln(share)), 9) as category_entropy,
    coalesce(sum(value) filter (where department in ('PRODUCE', 'SALAD BAR', 'SEAFOOD', 'FLORAL')), 0) / sum(value) as fresh_share,
    coalesce(sum(value) filter (where department in ('MEAT', 'MEAT-PCKGD')), 0) / sum(value) as meat_share,
    coalesce(sum(value) filter (where department in ('DRUG GM', 'COSMETICS', 'NUTRITION')), 0) / sum(value) as personal_care_share,
    coalesce(sum(value) filter (where department in ('DELI', 'PASTRY', 'CHEF SHOPPE', 'RESTAURANT')), 0) / sum(value) as deli_share,
    arg_max(department, (share, department)) as top_department
from shares
group by all
