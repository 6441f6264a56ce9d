{#
  Raw keeps every version of a record that was ever landed; staging keeps the newest one.
  On an incremental run only loads that are not yet in the model are read.

  relation    the raw table
  key         the record's key
  changed_at  the platform's own "modified at"; on a tie the newer load wins

  Most records come once. Only those that come again are ranked: to rank all would hold all of them in memory.
#}
{% macro newest_version(relation, key, changed_at) %}
    {%- set due = landed_since(relation) -%}
    {%- set again = 'select hash(' ~ key ~ ') from ' ~ due ~ ' group by all having count(*) > 1' -%}
    select *
    from (select * from {{ due }})
    where hash({{ key }}) not in ({{ again }})
    union all
    select *
    from (select * from {{ due }})
    where hash({{ key }}) in ({{ again }})
    qualify row_number() over (partition by {{ key }} order by {{ changed_at }} desc, _load_id desc) = 1
{% endmacro %}
