-- Contextual: visits on the phone, mostly after five in the afternoon.
select customer_id from {{ ref('customer_latest') }}
where main_device = 'mobile' and main_hour >= 17 and web_sessions_90d >= 5
