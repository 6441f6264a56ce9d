{#
  What int_psychographics__evidence has of visits (a load) and of records (a version of int_identity__history). A unit test
  overrides it with a literal.
#}
{% macro evidence_until(what) -%}
    getvariable('evidence').{{ what }}
{%- endmacro %}

{# A pre-hook: looks that up before it is needed, so that the lake can leave files unopened. #}
{% macro look_up_evidence() -%}
    {%- if is_incremental() -%}
        set variable evidence = (
            select {'visits': coalesce(max(_load_id), ''), 'identity': coalesce(max(_version), -1)} from {{ this }}
        )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
