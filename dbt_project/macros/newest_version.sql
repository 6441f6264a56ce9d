{#
  Raw keeps every version of a record that was ever landed; staging keeps the newest one.
  On an incremental run only loads that are not yet in the model are read. Load ids grow with time.

  relation    the raw table
  key         the record's key
  changed_at  the platform's own "modified at"; on a tie the newer load wins
#}
{% macro newest_version(relation, key, changed_at) %}
    select *
    from {{ relation }}
    {% if is_incremental() -%}
    where _load_id > (select coalesce(max(_load_id), '') from {{ this }})
    {%- endif %}
    qualify row_number() over (partition by {{ key }} order by {{ changed_at }} desc, _load_id desc) = 1
{% endmacro %}
