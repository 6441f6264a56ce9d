{#
  A phone number as E.164, for the North American numbers of the CRM: ten digits, or eleven that start with 1;
  anything else that carries a plus sign is kept as +digits, the rest is null.
#}
{% macro e164(column) -%}
    case
        when length(regexp_replace({{ column }}, '\D', '', 'g')) = 10
            then '+1' || regexp_replace({{ column }}, '\D', '', 'g')
        when length(regexp_replace({{ column }}, '\D', '', 'g')) = 11 and regexp_replace({{ column }}, '\D', '', 'g') like '1%'
            then '+' || regexp_replace({{ column }}, '\D', '', 'g')
        when {{ column }} like '+%' then '+' || regexp_replace({{ column }}, '\D', '', 'g')
    end
{%- endmacro %}
