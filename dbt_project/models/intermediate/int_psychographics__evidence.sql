{{ config(
    schema='pii',
    incremental_strategy='mirror_part',
    unique_key='evidence_id',
    meta={'part': 'evidence_id', 'gone': 'record_id'},
    pre_hook=["{{ add_columns('_load_id varchar', '_version bigint') }}", "{{ look_up_evidence() }}"],
) }}

-- Words that tell what somebody cares for, each with the id of its source and the record it is known by: who that is, or
-- was on a day, is a matter of identity. Of records that never were a customer's, nothing is kept.
--
-- Visits are many: what is browsed is added up anew for who browsed what on the days that loads have restated, as the
-- restated days had it and as they have it, and for records that are new.
with records as (
    select
        record_id,
        min(coalesce(_version, 0)) as version
    from {{ ref('int_identity__history') }}
    group by record_id
),

meta_users as (
    select
        leads.meta_user_id,
        min(records.record_id) as record_id
    from {{ ref('stg_meta__lead') }} as leads
    inner join records on records.record_id = 'meta:' || leads.lead_id
    where leads.meta_user_id is not null
    group by all
),

{% if is_incremental() -%}
due as materialized (
    select distinct
        'salesforce:' || custom_user_crm_contact_id as record_id,
        item_category
    from {{ source('google_analytics', 'user_day') }}
    where date in (
        select strftime(activity_date, '%Y%m%d') from {{ ref('stg_google_analytics__user_day') }}
        where _load_id > {{ evidence_until('visits') }}
    )

    union

    select distinct
        'salesforce:' || contact_id as record_id,
        item_category
    from {{ ref('stg_google_analytics__user_day') }}
    where contact_id in (
        select record_id[12:] from records
        where starts_with(record_id, 'salesforce:') and version > {{ evidence_until('identity') }}
    )
),

-- Taken out first: joined as they are, all of them would be.
visits as materialized (
    select * from {{ ref('stg_google_analytics__user_day') }}
    where contact_id in (select record_id[12:] from due)
),

{% endif -%}
browsed as (
    select
        'browsed:' || md5(records.record_id || visits.item_category) as evidence_id,
        records.record_id,
        lower(visits.item_category) as text,
        least(1.0, sum(visits.views + 2 * visits.carts) / 20.0) as weight,
        min(visits.activity_date)::timestamp as known_at,
        true as is_category,
        max(visits._load_id) as _load_id,
        records.version as _version
    from {{ 'visits' if is_incremental() else ref('stg_google_analytics__user_day') ~ ' as visits' }}
    inner join records on records.record_id = 'salesforce:' || visits.contact_id
    {%- if is_incremental() %}
    semi join due
        on due.record_id = 'salesforce:' || visits.contact_id and due.item_category = visits.item_category
    {%- endif %}
    where visits.item_category is not null and visits.item_category <> '(not set)'
    group by records.record_id, records.version, visits.item_category
    having sum(visits.views + 2 * visits.carts) > 0
),

said as (
    select
        'comment:' || comments.comment_id as evidence_id,
        meta_users.record_id,
        comments.message as text,
        1.0 as weight,
        comments.created_at as known_at,
        false as is_category
    from {{ ref('stg_meta__comment') }} as comments
    inner join meta_users using (meta_user_id)

    union all

    select
        'lead:' || leads.lead_id,
        records.record_id,
        leads.favourite_category,
        1.0,
        leads.created_at,
        false
    from {{ ref('stg_meta__lead') }} as leads
    inner join records on records.record_id = 'meta:' || leads.lead_id
    where leads.favourite_category is not null
),

there as (
    select * from browsed
    union all
    select
        *,
        null as _load_id,
        null as _version
    from said
)

select * from there
{%- if is_incremental() %}

union all

-- What there was to say of it, and is not any more.
select
    held.evidence_id,
    null,
    null,
    null,
    null,
    null,
    null,
    null
from {{ this }} as held
anti join there on there.evidence_id = held.evidence_id
where
    not held.is_category
    or held.evidence_id in (select 'browsed:' || md5(record_id || item_category) from due)
{%- endif %}
