{#
  What there is in a schema, asked of the lake's own catalogue. dbt's question (information_schema.tables) also wants the
  size of each table of the lake, which DuckLake reads up one by one: a second an invocation, whatever is built.
#}
{% macro duckdb__list_relations_without_caching(schema_relation) -%}
    {%- set of_lake = schema_relation.database == 'lake' -%}
    {%- call statement('list_relations_without_caching', fetch_result=True) -%}
    {%- if of_lake -%}
        {%- set catalogue = '__ducklake_metadata_lake' %}
        select 'lake' as database, named.name, schemas.schema_name as schema, named.type
        from {{ catalogue }}.ducklake_schema as schemas
        inner join (
            select schema_id, table_name as name, 'table' as type
            from {{ catalogue }}.ducklake_table
            where end_snapshot is null
            union all
            select schema_id, view_name, 'view'
            from {{ catalogue }}.ducklake_view
            where end_snapshot is null
        ) as named using (schema_id)
        where schemas.end_snapshot is null and lower(schemas.schema_name) = '{{ schema_relation.schema | lower }}'
    {%- else %}
        -- Of dbt's memory nobody asks: `part` makes its tables anew, whatever is there, and tells dbt of them.
        select '' as database, '' as name, '' as schema, '' as type limit 0
    {%- endif -%}
    {%- endcall -%}
    {{ return(load_result('list_relations_without_caching').table) }}
{%- endmacro %}
