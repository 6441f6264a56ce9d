-- What customers care for and go by, per as-of date, of whoever their records were then, by what was known then. A text
-- counts once however often it is browsed, and an interest is as sure as that one of its texts means it; they are taken
-- as independent.
with dates as (
    select
        as_of_date,
        lag(as_of_date) over (order by as_of_date) as date_before
    from {{ ref('int_features__as_of') }}
),

-- Each look is met once, at the first date that knows it.
added as (
    select
        dates.as_of_date,
        evidence.evidence_id,
        any_value(evidence.record_id) as record_id,
        any_value(evidence.text_id) as text_id,
        sum(evidence.weight) as weight
    from {{ ref('int_psychographics__evidence') }} as evidence
    inner join dates
        on
            evidence.known_at < dates.as_of_date + interval 1 day
            and (dates.date_before is null or evidence.known_at >= dates.date_before + interval 1 day)
    group by dates.as_of_date, evidence.evidence_id
),

known as (
    select
        dates.as_of_date,
        added.evidence_id,
        any_value(added.record_id) as record_id,
        any_value(added.text_id) as text_id,
        least(1, sum(added.weight)::double) as weight
    from dates
    inner join added on added.as_of_date <= dates.as_of_date
    group by dates.as_of_date, added.evidence_id
),

told as (
    select
        identity.as_of_date,
        identity.customer_id,
        meanings.kind,
        meanings.interest,
        known.evidence_id,
        -- No text is proof.
        least(greatest(meanings.similarity * known.weight, 0), 0.99) as strength
    from {{ ref('int_features__identity') }} as identity
    inner join known on known.as_of_date = identity.as_of_date and known.record_id = identity.record_id
    inner join {{ ref('int_psychographics__meaning') }} as meanings
        on meanings.text_id = known.text_id and meanings.kind <> 'none'
),

found as (
    select
        as_of_date,
        customer_id,
        kind,
        interest,
        -- Rounded, to come out the same in whatever order it is multiplied.
        round(1 - product(1 - strength), 9) as score,
        arg_max(evidence_id, (strength, evidence_id)) as evidence_id
    from told
    group by as_of_date, customer_id, kind, interest
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
