{#
  dbt-duckdb's own, but that the rows of an incremental Python model wait in a temporary table. Its own puts them into a
  table of another database, and a transaction of the lake writes to none beside it.
#}
{% macro py_write_table(temporary, relation, compiled_code, partitioned_by=none, sorted_by=none) -%}
{{ compiled_code }}

def materialize(df, con):
    con.register("answer", df)
    con.execute("create {{ 'temporary ' if temporary }}table {{ relation | replace('"', '\\"') }} as select * from answer")
    con.unregister("answer")
{% endmacro %}
