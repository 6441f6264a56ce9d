-- Demographic, psychographic and contextual: 21 or older, into wine, shops after five or at the weekend.
select customer_id from {{ ref('customer_latest') }}
where
    age >= 21 and list_contains(interests, 'wine_and_spirits')
    and (evening_share >= 0.5 or weekend_share >= 0.4) and is_mailable
