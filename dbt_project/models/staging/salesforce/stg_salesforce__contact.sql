{{ config(schema='pii', unique_key='contact_id') }}

with newest as ({{ newest_version(source('salesforce', 'contact'), 'id', 'system_modstamp') }})

select
{{ contact_columns() }},
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest
