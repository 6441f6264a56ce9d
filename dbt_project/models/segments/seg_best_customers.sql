-- Behavioural: spend of the last 90 days; the limit in the YAML takes the first hundred.
select
    customer_id,
    spend_90d
from {{ ref('customer_latest') }}
where spend_90d > 0
