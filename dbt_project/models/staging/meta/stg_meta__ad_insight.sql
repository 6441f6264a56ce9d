{{ config(incremental_strategy='delete+insert', unique_key='day') }}

-- A load restates whole days: for each day the newest load that covers it is the truth.
with loads as (
    select *
    from {{ landed_since(source('meta', 'ad_insight')) }}
    qualify rank() over (partition by date_start order by _load_id desc) = 1
)

select
    ad_id || '|' || date_start as ad_insight_id,
    date_start::date as day,
    account_id,
    campaign_id,
    campaign_name,
    adset_id,
    adset_name,
    ad_id,
    ad_name,
    impressions::bigint as impressions,
    reach::bigint as reach,
    clicks::bigint as clicks,
    spend::decimal(14, 2) as spend,
    coalesce(list_sum(list_transform(
        list_filter(from_json(actions, '[{"action_type": "VARCHAR", "value": "DOUBLE"}]'), lambda a: a.action_type = 'purchase'),
        lambda a: a.value
    )), 0)::bigint as purchases,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from loads
