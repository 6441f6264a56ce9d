{{ config(
    schema='pii',
    incremental_strategy='delete+insert',
    unique_key='post_id',
    post_hook='delete from {{ this }} where meta_user_id is null',
) }}

-- A load brings all reactions to a post or none: the newest that has the post is the truth. A post that lost its last
-- reaction comes with one of nobody.
with loads as (
    select *
    from {{ landed_since(source('meta', 'reaction')) }}
    qualify rank() over (partition by post_id order by _load_id desc) = 1
)

select
    post_id || '|' || coalesce(id, '') as reaction_id,
    post_id,
    id as meta_user_id,
    lower(type) as kind,
    read_at::timestamp as read_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from loads
