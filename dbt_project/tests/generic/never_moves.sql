{#
  A row never changes `column`: what is forgotten and made anew by it would leave the row behind where it was. Asked of the
  table's change feed since the last good build, so it fails until a build of all (`--full-refresh`) has made things right.
#}
{% test never_moves(model, key, column) %}
{%- set since = last_good(model) %}
{%- set newest = run_query("from lake.current_snapshot()")[0][0] if since is not none else 0 %}
{%- if since is not none and newest > since %}
select {{ key }}, count(distinct {{ column }}) as places
from ducklake_table_changes('lake', '{{ model.schema }}', '{{ model.identifier }}', {{ since + 1 }}, {{ newest }})
where change_type in ('update_preimage', 'update_postimage')
group by {{ key }}
having count(distinct {{ column }}) > 1
{%- else %}
select {{ key }} from {{ model }} limit 0
{%- endif %}
{% endtest %}
