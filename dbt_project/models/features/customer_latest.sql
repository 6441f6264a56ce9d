{{ config(materialized='view') }}

select *
from {{ ref('customer') }}
where as_of_date = (select max(as_of_date) from {{ ref('customer') }})
