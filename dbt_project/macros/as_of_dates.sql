{#
  The as-of dates a row counts for, as a list to unnest: every `day` of this run's that meets the condition. A join of
  millions of rows with a handful of dates by inequalities would sort the millions.
#}
{% macro as_of_dates(condition) -%}
    list_filter((select list(as_of_date order by as_of_date) from {{ ref('int_features__as_of') }}), lambda day: {{ condition }})
{%- endmacro %}
