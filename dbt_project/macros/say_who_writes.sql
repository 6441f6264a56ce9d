{# Stamps the model and the invocation on the snapshot its write becomes (`from lake.snapshots()`). #}
{% macro say_who_writes() -%}
    {%- if this.database != 'lake' -%}
    select 1
    {%- else -%}
    call ducklake_set_commit_message('lake', 'dbt', '{{ model.unique_id }}', extra_info => '{{ {
        "invocation_id": invocation_id, "layer": model.fqn[1], "as_of": as_of(),
        "dag_id": env_of_run("AIRFLOW_CTX_DAG_ID", ""), "run_id": env_of_run("AIRFLOW_CTX_DAG_RUN_ID", "")} | tojson }}')
    {%- endif -%}
{%- endmacro %}
