-- Customers whose calibrated probability to redeem a coupon within 30 days is in the medium band.
select
    customer_id,
    score,
    reasons as reason
from {{ source('ml', 'score') }}
where model = 'coupon_propensity' and label = 'medium'
