{{ config(materialized='view') }}

-- A text is read once, whoever said it, and how much it counts changes with every visit: the two meet here.
select
    evidence.record_id,
    meanings.kind,
    meanings.interest,
    evidence.evidence_id,
    least(greatest(meanings.similarity * evidence.weight, 0), 0.99) as strength,
    evidence.known_at,
    meanings.method
from {{ ref('int_psychographics__evidence') }} as evidence
inner join {{ ref('int_psychographics__meaning') }} as meanings
    on meanings.text_id = md5(evidence.is_category || ':' || lower(trim(evidence.text)))
where meanings.kind <> 'none'
