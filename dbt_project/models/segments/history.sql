{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['segment', 'customer_id', 'entered_at'],
    merge_update_condition='DBT_INTERNAL_DEST.left_at is null and DBT_INTERNAL_SOURCE.left_at is not null',
    full_refresh=false,
) }}

-- Stays that began or ended since the last look, derived from membership: a run that died in between is made good
-- by the next one.
select
    segment,
    customer_id,
    entered_at,
    null::timestamp as left_at
from {{ ref('membership') }}
{% if is_incremental() %}
where (segment, customer_id, entered_at) not in (select (segment, customer_id, entered_at) from {{ this }})

union all

select
    past.segment,
    past.customer_id,
    past.entered_at,
    timestamp '{{ now() }}' as left_at
from {{ this }} as past
where past.left_at is null and not exists (
    select 1 from {{ ref('membership') }} as present
    where
        present.segment = past.segment
        and present.customer_id = past.customer_id
        and present.entered_at = past.entered_at
)
{% endif %}
