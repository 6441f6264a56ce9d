{{ config(materialized='view', schema='pii') }}

-- Whose an e-mail address is: of customers who share one, the first's by id.
select
    records.email,
    min(customers.customer_id) as customer_id
from {{ ref('int_identity__record') }} as records
inner join {{ ref('int_identity__customer') }} as customers on customers.record_id = records.record_id
where records.email is not null
group by records.email
