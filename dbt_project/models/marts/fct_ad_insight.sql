{{ config(unique_key='ad_insight_id') }}

-- What each ad did each day, and what it cost.
select
    ad_insight_id::varchar as ad_insight_id,
    day::date as day,
    'meta'::varchar as platform,
    campaign_id::varchar as campaign_id,
    campaign_name::varchar as campaign_name,
    adset_name::varchar as adset_name,
    ad_id::varchar as ad_id,
    ad_name::varchar as ad_name,
    impressions::bigint as impressions,
    reach::bigint as reach,
    clicks::bigint as clicks,
    spend::decimal(14, 2) as spend,
    purchases::bigint as purchases
from {{ ref('stg_meta__ad_insight') }}
