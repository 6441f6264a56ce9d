-- What customers care for and go by, per as-of date, of whoever their records were then, by what was known then. An
-- interest is as sure as that one of its texts means it; they are taken as independent.
with tells as (
    select * from {{ ref('int_psychographics__meaning') }}
    where kind <> 'none'
),

-- Twenty views of a category, or ten carts, count as much as a word.
looks as (
    select
        dates.as_of_date,
        visits.contact_id,
        visits.item_category,
        least(1, sum(visits.views + 2 * visits.carts) / 20) as weight
    from {{ ref('stg_google_analytics__user_day') }} as visits
    semi join tells on tells.text_id = {{ text_id('named', 'visits.item_category') }}
    inner join {{ ref('int_features__as_of') }} as dates on visits.activity_date <= dates.as_of_date
    where visits.contact_id is not null
    group by dates.as_of_date, visits.contact_id, visits.item_category
    having sum(visits.views + 2 * visits.carts) > 0
),

known as (
    select
        as_of_date,
        'salesforce:' || contact_id as record_id,
        'browsed:' || contact_id || ':' || item_category as evidence_id,
        {{ text_id('named', 'item_category') }} as text_id,
        weight
    from looks

    union all

    select
        dates.as_of_date,
        said.record_id,
        said.evidence_id,
        said.text_id,
        1
    from {{ ref('int_psychographics__said') }} as said
    inner join {{ ref('int_features__as_of') }} as dates on said.known_at < dates.as_of_date + interval 1 day
),

told as (
    select
        identity.as_of_date,
        identity.customer_id,
        tells.kind,
        tells.interest,
        known.evidence_id,
        -- No text is proof.
        least(greatest(tells.similarity * known.weight, 0), 0.99) as strength
    from known
    inner join tells on tells.text_id = known.text_id
    inner join {{ ref('int_features__identity') }} as identity
        on identity.as_of_date = known.as_of_date and identity.record_id = known.record_id
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
