-- Psychographic: talks about or browses fresh produce, and puts at least an eighth of the spend there.
select customer_id from {{ ref('customer_latest') }}
where list_contains(interests, 'fresh_produce') and fresh_share >= 0.125
