{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['segment', 'customer_id'],
    merge_update_condition="
        DBT_INTERNAL_SOURCE.reason is distinct from DBT_INTERNAL_DEST.reason
        or DBT_INTERNAL_SOURCE.holdout is distinct from DBT_INTERNAL_DEST.holdout
        or abs(coalesce(DBT_INTERNAL_SOURCE.score, 0) - coalesce(DBT_INTERNAL_DEST.score, 0)) >= 0.05",
    merge_update_columns=['score', 'reason', 'holdout'],
    on_schema_change='append_new_columns',
    full_refresh=false,
    post_hook="
        delete from {{ this }} as present
        where not exists (
            select 1 from {{ ref('candidate') }} as wanted
            where
                wanted.segment = present.segment
                and wanted.customer_id = present.customer_id
                and wanted.left_out is null
        )",
) }}

-- Only what changed is written, so that the change feed is the change: newcomers are inserted, leavers deleted
-- (post-hook), and who stays is updated when the reason or the holdout is another or the score moved by five points.
select
    segment,
    customer_id,
    timestamp '{{ now() }}' as entered_at,
    score,
    reason,
    holdout
from {{ ref('candidate') }}
where left_out is null
