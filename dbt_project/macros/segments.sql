{#
  The segment models, by name: one per seg_*.sql file. steps/build.py lists the files, because dbt's own graph is
  not there yet while it looks for dependencies. Outside of Cohorte: dbt build --vars 'segments: [seg_a, seg_b]'.
#}
{% macro segment_models() -%}
    {{ return(var('segments', [])) }}
{%- endmacro %}

{# Tells dbt that a model reads every segment. #}
{% macro depends_on_segments() -%}
    {%- for name in segment_models() %}
-- depends_on: {{ ref(name) }}
    {%- endfor %}
{%- endmacro %}

{#
  One SELECT over all segment models: segment, customer_id, score, reason.
  A rule segment answers `customer_id` alone and is named after its file. What else a model answers it says in
  `meta.columns`: `segment` when it holds several, `score`, `reason`.
#}
{% macro all_segments() -%}
    {%- if execute -%}
    {%- for name in segment_models() %}
    {%- set node = graph.nodes['model.cohorte.' ~ name] -%}
    {%- set columns = node.config.meta.get('columns', []) %}
    select
        {{ 'segment' if 'segment' in columns else "'" ~ name.removeprefix('seg_') ~ "'" }}::varchar as segment,
        customer_id::varchar as customer_id,
        {{ 'score' if 'score' in columns else 'null' }}::double as score,
        {{ 'reason' if 'reason' in columns else "'" ~ node.description.strip().replace("'", "''") ~ "'" }}::varchar as reason
    from {{ ref(name) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {%- endif -%}
{%- endmacro %}
