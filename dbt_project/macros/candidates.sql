{#
  One SELECT over all segments: who its SELECT answers, and what became of them. A restored segment (segments.pin)
  answers who is pinned and nobody else; its members yield to nobody but restored segments of a better rank, and all
  others of its priority list yield to them.
#}
{% macro all_candidates() -%}
{%- if execute -%}
{%- set single = [] -%}
with pinned as (
    select segment, customer_id, score, reason
    from {{ source('restored', 'pin') }}
    where customer_id in (select customer_id from {{ ref('dim_customer') }})
),
{% for name in segments_in_order() if 'segment' not in segment_columns(name) %}
{%- do single.append(name.removeprefix('seg_')) %}
{{ candidates_of(name) }},
{% endfor %}
several as (
    {%- for name in segment_models() if 'segment' in segment_columns(name) %}
    select
        segment::varchar as segment,
        customer_id::varchar as customer_id,
        {{ 'max(score)' if 'score' in segment_columns(name) else 'null' }}::double as score,
        {{ 'min(reason)' if 'reason' in segment_columns(name) else segment_in_words(name) }}::varchar as reason
    from {{ ref(name) }}
    where segment not in (select segment from pinned)
    group by all
    union all
    {%- endfor %}
    select segment, customer_id, score, reason
    from pinned
    where segment not in ('{{ single | join("', '") }}')
)

{% for segment in single -%}
{%- set holdout = segment_rules('seg_' ~ segment).get('holdout') %}
select
    '{{ segment }}'::varchar as segment,
    customer_id,
    score,
    reason,
    place,
    left_out,
    {% if holdout -%}
    case when left_out is null and {{ is_held_out(holdout) }} then '{{ holdout.experiment }}' end::varchar as holdout
    {%- else -%}
    null::varchar as holdout
    {%- endif %}
from {{ segment }}
union all
{%- endfor %}
select
    segment,
    customer_id,
    score,
    reason,
    null::bigint as place,
    null::varchar as left_out,
    null::varchar as holdout
from several
{%- endif -%}
{%- endmacro %}

{# The CTEs of one segment: who its SELECT answers, who of them gives way, and who is too many. #}
{% macro candidates_of(name) -%}
{%- set segment = name.removeprefix('seg_') -%}
{%- set columns = segment_columns(name) -%}
{%- set rules = segment_rules(name) -%}
{%- set rivals = priority_rivals(name) | map('first') | list -%}
{{ segment }}__asked as (
    select
        customer_id::varchar as customer_id,
        {{ 'max(score)' if 'score' in columns else 'null' }}::double as score,
        {{ 'min(reason)' if 'reason' in columns else segment_in_words(name) }}::varchar as reason,
        {{ 'max(' ~ rules.limit.by ~ ')' if 'limit' in rules else 'null' }}::double as ranked_by,
        false as is_pinned
    from {{ ref(name) }}
    where not exists (select 1 from pinned where segment = '{{ segment }}')
    group by customer_id
    union all
    select customer_id, score, reason, null, true
    from pinned
    where segment = '{{ segment }}'
),

{{ segment }}__yielding as (
    select
        *,
        case
            {%- for other in outranked_by(name) %}
            when is_pinned and customer_id in (select customer_id from pinned where segment = '{{ other }}')
                then 'outranked by {{ other }}'
            {%- endfor %}
            when is_pinned then null
            {%- for other in rules.get('exclusions', []) %}
            when customer_id in (select customer_id from {{ other }} where left_out is null) then 'excluded by {{ other }}'
            {%- endfor %}
            {%- for other in outranked_by(name) %}
            when customer_id in (select customer_id from {{ other }} where left_out is null) then 'outranked by {{ other }}'
            {%- endfor %}
            {%- for other in rivals if other not in outranked_by(name) %}
            when customer_id in (select customer_id from pinned where segment = '{{ other }}')
                then 'outranked by {{ other }}, which is restored'
            {%- endfor %}
        end as yields
    from {{ segment }}__asked
),

{{ segment }} as (
    select
        customer_id,
        score,
        reason,
        {% if 'limit' in rules -%}
        case when yields is null and not is_pinned
            then row_number() over (partition by yields is null order by ranked_by desc nulls last, customer_id)
        end as place,
        coalesce(yields, if(place > {{ rules.limit.top }}, 'over the limit of {{ rules.limit.top }}', null)) as left_out
        {%- else -%}
        null::bigint as place,
        yields as left_out
        {%- endif %}
    from {{ segment }}__yielding
)
{%- endmacro %}

{# The description of a segment, as a literal of SQL. #}
{% macro segment_in_words(name) -%}
    '{{ segment_node(name).description.strip().replace("'", "''") }}'
{%- endmacro %}
