{#
  A text, by whose words it is made of: `named`, the name of a category that somebody looked at, or `said`, words of
  somebody's own, which stay where they were said. The same words are not one text in both (cohorte/enrichment/taxonomy.yml).
#}
{% macro text_id(form, words) -%}
    {%- set plain = 'lower(trim(' ~ words ~ '))' -%}
    '{{ form }}:' || {{ plain if form == 'named' else 'md5(' ~ plain ~ ')' }}
{%- endmacro %}
