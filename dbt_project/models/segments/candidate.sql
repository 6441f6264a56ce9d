{{ config(materialized='view') }}

{{ depends_on_segments() }}
-- depends_on: {{ ref('dim_customer') }}
-- depends_on: {{ source('restored', 'pin') }}
-- What the segments' SELECTs answer, after exclusions, priorities, limits, holdouts and restorations.
{{ all_candidates() }}
