{{ config(unique_key='product_id', merge_update_condition='DBT_INTERNAL_SOURCE.modified_at >= DBT_INTERNAL_DEST.modified_at') }}

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
    coalesce(is_deleted, false) as is_deleted,
    created_date::timestamp as created_at,
    system_modstamp::timestamp as modified_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
