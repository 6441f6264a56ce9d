-- One segment per cluster of the promoted model; a customer is in one of them.
select
    'cluster_' || label as segment,
    customer_id,
    score,
    reasons as reason
from {{ source('ml', 'score') }}
where model = 'customer_clusters' and label is not null
