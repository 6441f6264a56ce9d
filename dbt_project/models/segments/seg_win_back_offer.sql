-- Behaviour and consent: lapsing regulars, as far as they may be mailed. First in the list of weekly offers.
select customer_id
from {{ ref('seg_lapsing_regulars') }}
inner join {{ ref('customer_latest') }} using (customer_id)
where is_mailable
