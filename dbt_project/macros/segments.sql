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

{% macro segment_node(name) -%}
    {{ return(graph.nodes['model.cohorte.' ~ name]) }}
{%- endmacro %}

{# A rule segment answers `customer_id` alone; `meta.columns` says what else a model answers: segment, score, reason. #}
{% macro segment_columns(name) -%}
    {{ return(segment_node(name).config.meta.get('columns', [])) }}
{%- endmacro %}

{# What a segment's `meta` says beyond its SELECT: exclusions, priority, limit, holdout. Refuses what it does not know. #}
{% macro segment_rules(name) -%}
    {%- set meta = segment_node(name).config.meta -%}
    {%- set wrong = [] -%}
    {%- for word in meta if word not in ['kind', 'owner', 'columns', 'exclusions', 'priority', 'limit', 'holdout'] -%}
        {%- do wrong.append(word ~ ' is not known') -%}
    {%- endfor -%}
    {%- set rules = {} -%}
    {%- for word in ['exclusions', 'priority', 'limit', 'holdout'] if meta.get(word) -%}
        {%- do rules.update({word: meta[word]}) -%}
    {%- endfor -%}
    {%- if rules and 'segment' in meta.get('columns', []) -%}
        {%- do wrong.append('a model that holds several segments takes no ' ~ rules | join(', ')) -%}
    {%- endif -%}
    {%- for other in rules.get('exclusions', []) -%}
        {%- if 'seg_' ~ other not in segment_models() -%}
            {%- do wrong.append('exclusions: there is no segment ' ~ other) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if 'priority' in rules and (rules.priority is not mapping or rules.priority | sort != ['list', 'rank']) -%}
        {%- do wrong.append('priority is written {list: NAME, rank: 1}') -%}
    {%- endif -%}
    {%- if 'limit' in rules and (rules.limit is not mapping or rules.limit | sort != ['by', 'top']) -%}
        {%- do wrong.append('limit is written {top: 100, by: COLUMN}') -%}
    {%- endif -%}
    {%- if 'holdout' in rules and (rules.holdout is not mapping or rules.holdout | sort != ['experiment', 'share']) -%}
        {%- do wrong.append('holdout is written {experiment: NAME, share: 0.1}') -%}
    {%- endif -%}
    {%- if wrong -%}
        {{ exceptions.raise_compiler_error(name ~ ': ' ~ wrong | join('; ') ~ '. Mend its meta in the YAML beside it.') }}
    {%- endif -%}
    {{ return(rules) }}
{%- endmacro %}

{# The other segments of a priority list, as [segment, rank]; the lowest rank comes first. #}
{% macro priority_rivals(name) -%}
    {%- set mine = segment_rules(name).get('priority') -%}
    {%- set rivals = [] -%}
    {%- for other in (segment_models() if mine else []) if other != name -%}
        {%- set theirs = segment_rules(other).get('priority') -%}
        {%- if theirs and theirs.list == mine.list -%}
            {%- if theirs.rank == mine.rank -%}
                {{ exceptions.raise_compiler_error(
                    name ~ ' and ' ~ other ~ ' have rank ' ~ mine.rank ~ ' in the list ' ~ mine.list
                    ~ '. Give each a rank of its own.'
                ) }}
            {%- endif -%}
            {%- do rivals.append([other.removeprefix('seg_'), theirs.rank]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(rivals | sort(attribute=1)) }}
{%- endmacro %}

{# Segments before this one in its priority list, the first first. #}
{% macro outranked_by(name) -%}
    {%- set found = [] -%}
    {%- for other, rank in priority_rivals(name) if rank < segment_rules(name).priority.rank -%}
        {%- do found.append(other) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# All segment models, each after those whose members it yields to. #}
{% macro segments_in_order() -%}
    {%- set order = [] -%}
    {%- for _ in segment_models() -%}
        {%- for name in segment_models() if name not in order -%}
            {%- set waits_for = [] -%}
            {%- for other in segment_rules(name).get('exclusions', []) + outranked_by(name) -%}
                {%- if 'seg_' ~ other not in order -%}{%- do waits_for.append(other) -%}{%- endif -%}
            {%- endfor -%}
            {%- if not waits_for -%}{%- do order.append(name) -%}{%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if order | length < segment_models() | length -%}
        {{ exceptions.raise_compiler_error(
            'segments wait for each other: ' ~ segment_models() | reject('in', order) | join(', ')
            ~ '. Take an exclusion out, or change a rank.'
        ) }}
    {%- endif -%}
    {{ return(order) }}
{%- endmacro %}

{#
  Whether a customer is held out: the same answer in every run and every engine.
  The first 15 hexadecimal digits of md5(experiment || ':' || customer_id), as a share of 16^15, are below the share.
#}
{% macro is_held_out(holdout, customer_id='customer_id') -%}
    {{ holdout_place(holdout, customer_id) }} < {{ holdout.share }}
{%- endmacro %}

{% macro holdout_place(holdout, customer_id='customer_id') -%}
    ('0x' || left(md5('{{ holdout.experiment }}:' || {{ customer_id }}), 15))::bigint / 16^15
{%- endmacro %}
