{{ config(materialized='table') }}

{{ depends_on_segments() }}
-- What each segment is and how large; clusters and others that share a model are listed one by one.
with models as (
    {%- for name in (segment_models() if execute else []) %}
    {%- set node = graph.nodes['model.cohorte.' ~ name] %}
    {%- set meta = node.config.meta %}
    select
        '{{ node.name }}' as model,
        {{ "null" if 'segment' in meta.get('columns', []) else "'" ~ node.name.removeprefix('seg_') ~ "'" }} as segment,
        '{{ meta.get("kind", "rule") }}' as kind,
        '{{ meta.get("owner", "") }}' as owner,
        '{{ node.description.strip().replace("'", "''") }}' as description,
        '{{ node.raw_code.replace("'", "''") }}' as sql
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

sizes as (
    select
        segment,
        count(*) as members
    from {{ ref('membership') }}
    group by segment
)

select
    coalesce(sizes.segment, models.segment) as segment,
    models.kind,
    models.owner,
    models.description,
    models.sql,
    coalesce(sizes.members, 0) as members
from models
left join sizes
    on sizes.segment = models.segment
    or (models.segment is null and models.kind = 'cluster' and starts_with(sizes.segment, 'cluster_'))
where coalesce(sizes.segment, models.segment) is not null
