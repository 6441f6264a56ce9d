-- Who was a customer at the end of each as-of date, and the golden record of that day: the survivor rules of
-- marts.dim_customer over the versions of contacts that held then.
with records as (
    select
        identity.as_of_date,
        identity.customer_id,
        versions.*
    from {{ ref('int_features__identity') }} as identity
    inner join {{ ref('int_contact__version') }} as versions
        on
            identity.record_id = 'salesforce:' || versions.contact_id
            and versions.valid_from < identity.as_of_date + interval 1 day
            and coalesce(versions.valid_until >= identity.as_of_date + interval 1 day, true)
    where not versions.is_deleted
),

golden as (
    select
        as_of_date,
        customer_id,
        {%- for field in ['age_band', 'income_band', 'home_ownership', 'marital_status', 'household_size',
                          'household_composition', 'kids_count', 'city', 'state', 'country', 'birth_date'] %}
        {{ survivor(field) }} as {{ field }}{{ ',' if not loop.last }}
        {%- endfor %}
    from records
    group by as_of_date, customer_id
),

aged as (
    select
        * exclude (birth_date),
        date_diff('year', birth_date, as_of_date)
            - case when strftime(birth_date, '%m%d') > strftime(as_of_date, '%m%d') then 1 else 0 end as age
    from golden
)

-- Nobody is born tomorrow, or was under Napoleon: such a date is not known, and no reason to build nothing.
select * replace (if(age between 0 and 130, age, null) as age)
from aged
