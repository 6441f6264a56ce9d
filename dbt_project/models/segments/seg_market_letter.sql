-- Interest and consent: fresh-food lovers, as far as they may be mailed.
select customer_id
from {{ ref('seg_fresh_food_lovers') }}
inner join {{ ref('customer_latest') }} using (customer_id)
where is_mailable
