{{ config(unique_key='product_id') }}

with newest as ({{ newest_version(source('salesforce', 'product'), 'id', 'system_modstamp') }})

select
    id as product_id,
    product_code,
    name as product_name,
    family as department,
    brand_c as brand,
    product_category_c as category,
    product_type_c as product_type,
    package_size_c as package_size,
    {{ salesforce_columns() }}
from newest
