{{ config(materialized='view', contract={'enforced': false}) }}

select *
from {{ ref('customer') }}
where as_of_date = (select max(as_of_date) from {{ ref('customer') }})
