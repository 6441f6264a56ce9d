{# The platforms that send e-mail: each has stg_<platform>__email_event and stg_<platform>__subscriber, alike. #}
{% macro email_platforms() %}
    {{ return(['hubspot', 'mailchimp', 'brevo', 'marketing_cloud', 'account_engagement']) }}
{% endmacro %}

{# Columns of what became of all letters, whichever platform sent them; `platform` comes first. #}
{% macro letters_of_all_platforms(columns) %}
    {%- for platform in email_platforms() %}
    select '{{ platform }}' as platform, {{ columns }}
    from {{ ref('stg_' ~ platform ~ '__email_event') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{% endmacro %}

{#
  What became of letters, in one shape for all platforms.

  relation    the raw table, with the columns of cohorte/sources/letters.py
  kinds       the platform's word -> ours; a word that is not there stays, and the test on `kind` says so
  ignored     the platform's words for what changes nothing between it and the person (queued, delivered later)
#}
{% macro email_event(relation, kinds, ignored=[]) %}
with newest as ({{ newest_version(relation, 'event_id', 'happened_at') }})

select
    event_id,
    lower(trim(email_address)) as email,
    case action
        {%- for word, kind in kinds.items() %}
        when '{{ word }}' then '{{ kind }}'
        {%- endfor %}
        else action
    end as kind,
    happened_at::timestamp as happened_at,
    mailing_id,
    mailing_name,
    url,
    bounce_type,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
{%- if ignored %}
where action not in ('{{ ignored | join("', '") }}')
{%- endif %}
{% endmacro %}

{#
  Who may be written to, in one shape for all platforms.

  opted_out, unreachable    the platform's words for a state in which we may not, or cannot
#}
{% macro email_subscriber(relation, opted_out, unreachable) %}
with newest as ({{ newest_version(relation, 'subscriber_id', 'changed_at') }})

select
    subscriber_id,
    lower(trim(email_address)) as email,
    status in ('{{ opted_out | join("', '") }}') as has_opted_out,
    status not in ('{{ unreachable | join("', '") }}') as is_reachable,
    changed_at::timestamp as changed_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
{% endmacro %}
