{{ config(schema='pii', unique_key='comment_id', meta={'born': 'created_at'}) }}

with newest as ({{ newest_version(source('meta', 'comment'), 'id', 'created_time') }})

select
    id as comment_id,
    from_id as meta_user_id,
    message,
    created_time::timestamp as created_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
