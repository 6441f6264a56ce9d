-- Behavioural: bought at least every two weeks or so, and has now been away three times as long.
select customer_id from {{ ref('customer_latest') }}
where frequency >= 10 and inter_purchase_days <= 14 and recency_days > 3 * inter_purchase_days and recency_days <= 120
