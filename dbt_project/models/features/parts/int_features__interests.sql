-- What customers care for and go by, per as-of date, of whoever their records were then, by the texts known then. An
-- interest is as sure as that one of its texts means it; they are taken as independent.
with found as (
    select
        identity.as_of_date,
        identity.customer_id,
        interests.kind,
        interests.interest,
        -- Rounded, to come out the same in whatever order it is multiplied.
        round(1 - product(1 - interests.strength), 9) as score,
        arg_max(interests.evidence_id, (interests.strength, interests.evidence_id)) as evidence_id
    from {{ ref('int_features__identity') }} as identity
    inner join {{ ref('int_psychographics__interest') }} as interests
        on
            interests.record_id = identity.record_id
            and interests.known_at < identity.as_of_date + interval 1 day
    group by identity.as_of_date, identity.customer_id, interests.kind, interests.interest
),

-- One list, sorted: quicker than four that are each asked for in an order.
ranked as (
    select
        as_of_date,
        customer_id,
        list_sort(list((kind, -score, interest, evidence_id))) as entries
    from found
    group by as_of_date, customer_id
)

select
    as_of_date,
    customer_id,
    {%- for kind, name in [('interest', 'interests'), ('value', 'values')] %}
    [entry[3] for entry in entries if entry[1] = '{{ kind }}'] as {{ name }},
    [entry[4] for entry in entries if entry[1] = '{{ kind }}'] as {{ kind }}_evidence_ids{{ ',' if not loop.last }}
    {%- endfor %}
from ranked
