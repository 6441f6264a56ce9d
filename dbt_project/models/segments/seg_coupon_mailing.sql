-- Propensity and consent: the high band of the coupon propensity, as far as it may be mailed.
select customer_id
from {{ ref('seg_coupon_propensity_high') }}
inner join {{ ref('customer_latest') }} using (customer_id)
where is_mailable
