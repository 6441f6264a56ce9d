{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['segment', 'version'],
    merge_update_condition="
        (DBT_INTERNAL_SOURCE.is_current, DBT_INTERNAL_SOURCE.owner, DBT_INTERNAL_SOURCE.description,
            DBT_INTERNAL_SOURCE.sql, DBT_INTERNAL_SOURCE.members)
        is distinct from (DBT_INTERNAL_DEST.is_current, DBT_INTERNAL_DEST.owner, DBT_INTERNAL_DEST.description,
            DBT_INTERNAL_DEST.sql, DBT_INTERNAL_DEST.members)",
    full_refresh=false,
) }}

{{ depends_on_segments() }}
-- What each segment is and how large, and what it was. Clusters and others that share a model are listed one by one.
-- Another SELECT or other rules make another version; comments and line breaks do not.
with models as (
    {%- for name in (segment_models() if execute else []) %}
    {%- set node = segment_node(name) %}
    {%- set columns = {'columns': segment_columns(name)} if segment_columns(name) else {} %}
    {%- set rules = tojson(dict(segment_rules(name), **columns), sort_keys=true) %}
    {%- set bare = modules.re.sub('--[^\n]*', '', node.raw_code).split() | join(' ') %}
    select
        '{{ name }}' as model,
        {{ "null" if 'segment' in segment_columns(name) else "'" ~ name.removeprefix('seg_') ~ "'" }} as segment,
        '{{ node.config.meta.get("kind", "rule") }}' as kind,
        '{{ node.config.meta.get("owner", "") }}' as owner,
        {{ segment_in_words(name) }} as description,
        '{{ node.raw_code.replace("'", "''") }}' as sql,
        '{{ rules.replace("'", "''") }}' as rules,
        '{{ local_md5(bare ~ rules) }}' as fingerprint
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

sizes as (
    select
        segment,
        count(*) as members
    from {{ ref('membership') }}
    group by segment
),

present as (
    select
        coalesce(sizes.segment, models.segment) as segment,
        models.model,
        models.kind,
        models.owner,
        models.description,
        models.sql,
        models.rules,
        models.fingerprint,
        coalesce(sizes.members, 0) as members
    from models
    left join sizes
        on sizes.segment = models.segment
        or (models.segment is null and models.kind = 'cluster' and starts_with(sizes.segment, 'cluster_'))
    where coalesce(sizes.segment, models.segment) is not null
),

past as (
    {%- if is_incremental() %}
    select * from {{ this }}
    {%- else %}
    select *, 0 as version, false as is_current, null::timestamp as valid_from, null::timestamp as valid_to
    from present
    where false
    {%- endif %}
),

newest as (
    select
        segment,
        max(version) as version,
        arg_max(fingerprint, version) filter (where is_current) as fingerprint,
        arg_max(valid_from, version) as valid_from
    from past
    group by segment
)

select
    present.segment,
    if(newest.fingerprint = present.fingerprint, newest.version, coalesce(newest.version, 0) + 1)::integer as version,
    true as is_current,
    if(newest.fingerprint = present.fingerprint, newest.valid_from, timestamp '{{ now() }}') as valid_from,
    null::timestamp as valid_to,
    present.model,
    present.kind,
    present.owner,
    present.description,
    present.sql,
    present.rules,
    present.fingerprint,
    present.members
from present
left join newest on newest.segment = present.segment

union all

select
    past.segment,
    past.version,
    false as is_current,
    past.valid_from,
    timestamp '{{ now() }}' as valid_to,
    past.model,
    past.kind,
    past.owner,
    past.description,
    past.sql,
    past.rules,
    past.fingerprint,
    past.members
from past
left join present on present.segment = past.segment
where past.is_current and present.fingerprint is distinct from past.fingerprint
