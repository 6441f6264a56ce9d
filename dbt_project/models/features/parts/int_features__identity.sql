-- Who was whom at the end of each as-of date. What a record was first taken for, it has been ever since it was made.
with stays as (
    select
        record_id,
        customer_id,
        row_number() over (partition by record_id order by since, until nulls last) = 1 as is_first,
        since,
        until
    from {{ ref('int_identity__history') }}
)

select
    dates.as_of_date,
    stays.record_id,
    stays.customer_id
from {{ ref('int_features__as_of') }} as dates
inner join stays
    on
        (stays.is_first or stays.since < dates.as_of_date + interval 1 day)
        and coalesce(stays.until >= dates.as_of_date + interval 1 day, true)
