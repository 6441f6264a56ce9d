-- What customers care for and go by, per as-of date, of whoever their records were then. An interest counts from when its
-- first text was known; what several records say is taken as independent, as texts are (cohorte/enrichment/).
with found as (
    select
        identity.as_of_date,
        identity.customer_id,
        interests.kind,
        interests.interest,
        -- Rounded, to come out the same in whatever order it is multiplied.
        round(1 - product(1 - interests.score), 9) as score,
        arg_max(interests.evidence_id, (interests.score, interests.evidence_id)) as evidence_id
    from {{ ref('int_features__identity') }} as identity
    inner join {{ ref('int_psychographics__interest') }} as interests
        on
            interests.record_id = identity.record_id
            and interests.known_at < identity.as_of_date + interval 1 day
    group by identity.as_of_date, identity.customer_id, interests.kind, interests.interest
)

select
    as_of_date,
    customer_id,
    list(interest order by score desc, interest) filter (where kind = 'interest') as interests,
    list(evidence_id order by score desc, interest) filter (where kind = 'interest') as interest_evidence_ids,
    list(interest order by score desc, interest) filter (where kind = 'value') as values,
    list(evidence_id order by score desc, interest) filter (where kind = 'value') as value_evidence_ids
from found
group by as_of_date, customer_id
