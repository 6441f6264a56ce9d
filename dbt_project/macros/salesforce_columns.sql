{# The columns every record of Salesforce has, at the end of its staging model. #}
{% macro salesforce_columns() -%}
    coalesce(is_deleted, false) as is_deleted,
    created_date::timestamp as created_at,
    system_modstamp::timestamp as modified_at,
    _load_id,
    _loaded_at::timestamp as _loaded_at
{%- endmacro %}
