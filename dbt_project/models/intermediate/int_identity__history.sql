{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['record_id', 'customer_id', 'since'],
    merge_update_condition='DBT_INTERNAL_DEST.until is null and DBT_INTERNAL_SOURCE.until is not null',
    full_refresh=false,
    pre_hook="{{ add_columns('_version bigint') }}",
) }}

-- Stays that began or ended since the last look, derived from who is who now: a run that died in between is made good
-- by the next one. `_version` is what others follow: the number of the build that began or ended the stay.
with present as (
    select
        record_id,
        customer_id
    from {{ ref('int_identity__customer') }}
)

{% if is_incremental() %}
, past as (select * from {{ this }} where until is null),

builds as (select coalesce(max(_version), 1) + 1 as version from {{ this }})

select
    present.record_id,
    present.customer_id,
    timestamp '{{ now() }}' as since,
    null::timestamp as until,
    (select version from builds) as _version
from present
anti join past on past.record_id = present.record_id and past.customer_id = present.customer_id

union all

select
    past.record_id,
    past.customer_id,
    past.since,
    timestamp '{{ now() }}' as until,
    (select version from builds)
from past
anti join present on present.record_id = past.record_id and present.customer_id = past.customer_id
{% else %}
select
    record_id,
    customer_id,
    timestamp '{{ now() }}' as since,
    null::timestamp as until,
    1::bigint as _version
from present
{% endif %}
