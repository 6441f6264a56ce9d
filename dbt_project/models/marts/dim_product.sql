{{ config(unique_key='product_id') }}

select
    product_id::varchar as product_id,
    product_code::varchar as product_code,
    product_name::varchar as product_name,
    department::varchar as department,
    category::varchar as category,
    product_type::varchar as product_type,
    brand::varchar as brand,
    package_size::varchar as package_size
from {{ ref('stg_salesforce__product') }}
where not is_deleted
