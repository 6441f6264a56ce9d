{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_dates() }}",
    full_refresh=false
) }}

-- Features as known at the end of the as-of date, of the customers there were then. Counts of things that did not happen
-- are 0, everything else that is not known is null. A date in the past is computed once and then left alone, also by a
-- full refresh; `--as-of` makes one anew. Whether somebody may be mailed is of today, whatever the date: a no counts.
select
    customers.as_of_date::date as as_of_date,
    customers.customer_id::varchar as customer_id,
    -- demographic
    customers.age::integer as age,
    customers.age_band::varchar as age_band,
    customers.income_band::varchar as income_band,
    customers.home_ownership::varchar as home_ownership,
    customers.marital_status::varchar as marital_status,
    customers.household_size::varchar as household_size,
    customers.household_composition::varchar as household_composition,
    customers.kids_count::varchar as kids_count,
    customers.city::varchar as city,
    cities.population::bigint as city_population,
    cities.time_zone::varchar as time_zone,
    (contacts.email is not null and coalesce(consent.is_granted, false))::boolean as is_mailable,
    -- behavioural
    purchases.recency_days::integer as recency_days,
    coalesce(purchases.frequency, 0)::integer as frequency,
    coalesce(purchases.monetary, 0)::double as monetary,
    purchases.tenure_days::integer as tenure_days,
    purchases.average_basket::double as average_basket,
    purchases.inter_purchase_days::double as inter_purchase_days,
    purchases.inter_purchase_variation::double as inter_purchase_variation,
    coalesce(purchases.baskets_30d, 0)::integer as baskets_30d,
    coalesce(purchases.baskets_90d, 0)::integer as baskets_90d,
    coalesce(purchases.spend_30d, 0)::double as spend_30d,
    coalesce(purchases.spend_90d, 0)::double as spend_90d,
    coalesce(purchases.orders_per_month, 0)::double as orders_per_month,
    (purchases.spend_30d * 3 / nullif(purchases.spend_90d, 0))::double as spend_trend,
    (purchases.baskets_30d * 3.0 / nullif(purchases.baskets_90d, 0))::double as baskets_trend,
    purchases.discount_share::double as discount_share,
    coalesce(purchases.coupon_baskets, 0)::integer as coupon_baskets,
    coalesce(purchases.coupon_baskets_90d, 0)::integer as coupon_baskets_90d,
    purchases.coupon_recency_days::integer as coupon_recency_days,
    categories.departments::integer as departments,
    categories.category_entropy::double as category_entropy,
    categories.fresh_share::double as fresh_share,
    categories.meat_share::double as meat_share,
    categories.personal_care_share::double as personal_care_share,
    categories.deli_share::double as deli_share,
    categories.top_department::varchar as top_department,
    coalesce(returns.returned_lines_180d, 0)::integer as returned_lines_180d,
    case
        when categories.spend_180d is null then null
        when returns.customer_id is null then 0
        when returns.returned_value_180d > categories.spend_180d then 1
        else returns.returned_value_180d / categories.spend_180d
    end::double as return_share_180d,
    returns.return_recency_days::integer as return_recency_days,
    coalesce(campaigns.campaigns_received, 0)::integer as campaigns_received,
    coalesce(campaigns.campaigns_answered, 0)::integer as campaigns_answered,
    coalesce(campaigns.campaigns_running, 0)::integer as campaigns_running,
    coalesce(letters.letters_90d, 0)::integer as letters_90d,
    coalesce(letters.letters_opened_90d, 0)::integer as letters_opened_90d,
    coalesce(letters.letters_clicked_90d, 0)::integer as letters_clicked_90d,
    (least(letters.letters_opened_90d, letters.letters_90d) / nullif(letters.letters_90d, 0))::double as letters_opened_share,
    letters.email_recency_days::integer as email_recency_days,
    -- psychographic
    coalesce(interests.interests, [])::varchar[] as interests,
    coalesce(interests.interest_evidence_ids, [])::varchar[] as interest_evidence_ids,
    coalesce(interests.values, [])::varchar[] as values,
    coalesce(interests.value_evidence_ids, [])::varchar[] as value_evidence_ids,
    -- contextual
    coalesce(web.web_sessions_90d, 0)::integer as web_sessions_90d,
    coalesce(web.web_views_90d, 0)::integer as web_views_90d,
    coalesce(web.web_carts_90d, 0)::integer as web_carts_90d,
    web.web_recency_days::integer as web_recency_days,
    (coalesce(web.web_sessions_30d, 0) * 3.0 / nullif(web.web_sessions_90d, 0))::double as web_trend,
    web.mobile_share::double as mobile_share,
    web.desktop_share::double as desktop_share,
    web.tablet_share::double as tablet_share,
    web.hour_profile::double[] as hour_profile,
    web.weekday_profile::double[] as weekday_profile,
    web.main_device::varchar as main_device,
    web.main_hour::integer as main_hour,
    web.main_city::varchar as web_city,
    purchases.evening_share::double as evening_share,
    purchases.weekend_share::double as weekend_share,
    channels.preferred_channel::varchar as preferred_channel,
    coalesce(channels.preferred_channel_observations, 0)::integer as preferred_channel_observations,
    letters.best_send_hour::integer as best_send_hour,
    coalesce(letters.best_send_hour_observations, 0)::integer as best_send_hour_observations
-- No row is there twice: but what comes of a grouping is joined by all threads, and a table of this size by one.
from (select distinct * from {{ ref('int_features__demographics') }}) as customers
left join {{ ref('dim_contact') }} as contacts on contacts.customer_id = customers.customer_id
left join {{ ref('dim_consent') }} as consent
    on
        consent.customer_id = customers.customer_id
        and consent.channel = 'email'
        and consent.purpose = 'marketing'
left join {{ ref('int_features__purchases') }} as purchases
    on purchases.as_of_date = customers.as_of_date and purchases.customer_id = customers.customer_id
left join {{ ref('int_features__categories') }} as categories
    on categories.as_of_date = customers.as_of_date and categories.customer_id = customers.customer_id
left join {{ ref('int_features__returns') }} as returns
    on returns.as_of_date = customers.as_of_date and returns.customer_id = customers.customer_id
left join {{ ref('int_features__campaigns') }} as campaigns
    on campaigns.as_of_date = customers.as_of_date and campaigns.customer_id = customers.customer_id
left join {{ ref('int_features__web') }} as web
    on web.as_of_date = customers.as_of_date and web.customer_id = customers.customer_id
left join {{ ref('int_features__email') }} as letters
    on letters.as_of_date = customers.as_of_date and letters.customer_id = customers.customer_id
left join {{ ref('int_features__channels') }} as channels
    on channels.as_of_date = customers.as_of_date and channels.customer_id = customers.customer_id
left join {{ ref('int_geography__city') }} as cities
    on
        cities.city = customers.city
        and cities.state is not distinct from customers.state
        and cities.country = customers.country
left join {{ ref('int_features__interests') }} as interests
    on interests.as_of_date = customers.as_of_date and interests.customer_id = customers.customer_id
