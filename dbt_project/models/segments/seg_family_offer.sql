-- Demographic and behavioural: children in the household, and a coupon used in the last 90 days.
select customer_id from {{ ref('customer_latest') }}
where kids_count <> '0' and coupon_baskets_90d >= 1 and is_mailable
