{# Whether text is empty or all spaces. What begins with more than a space is not, and need not be trimmed to see it. #}
{% macro is_blank(value) -%}
    case when {{ value }} < '!' then trim({{ value }}) = '' else false end
{%- endmacro %}
