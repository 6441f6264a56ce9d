{#
  A phone number as E.164, without its extension: one that carries a plus sign, of 8 to 15 digits; or, as the CRM's are North
  American, one of ten digits, or eleven that start with 1, where area and exchange begin with 2 to 9. The rest is null.
#}
{% macro e164(column) -%}
    {%- set number = "regexp_replace(" ~ column ~ ", ' *(ext|x|#).*$|[(]0[)]', '', 'gi')" -%}
    {%- set digits = "regexp_replace(" ~ number ~ ", '[^0-9]', '', 'g')" -%}
    case
        when {{ column }} like '+%' then
            case when regexp_full_match({{ digits }}, '[1-9][0-9]{7,14}') then '+' || {{ digits }} end
        when regexp_full_match({{ digits }}, '1?[2-9][0-9]{2}[2-9][0-9]{6}') then '+1' || right({{ digits }}, 10)
    end
{%- endmacro %}
