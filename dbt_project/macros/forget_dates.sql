{# A pre-hook of features.customer: lets go of the as-of dates that are computed anew. #}
{% macro forget_dates() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where as_of_date in (select as_of_date from {{ ref('int_features__demographics') }})
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
