{{ config(schema='pii', materialized='view') }}

-- Every record that names a person, in one shape; `int_identity__customer` says which are the same person.
select
    'salesforce:' || contact_id as record_id,
    created_at,
    given_name,
    family_name,
    birth_date,
    email,
    phone,
    street,
    city,
    postal_code,
    loyalty_id as identifier,
    contact_id as crm_id
from {{ ref('stg_salesforce__contact') }}
where not is_deleted

union all

-- One that was converted names the contact it became.
select
    'salesforce_lead:' || lead_id,
    created_at,
    given_name,
    family_name,
    null,
    email,
    phone,
    null,
    city,
    null,
    null,
    contact_id
from {{ ref('stg_salesforce__lead') }}
where not is_deleted

union all

select
    'meta:' || lead_id,
    created_at,
    split_part(full_name, ' ', 1),
    nullif(regexp_replace(full_name, '^\S+\s*', ''), ''),
    null,
    email,
    phone,
    null,
    null,
    null,
    null,
    null
from {{ ref('stg_meta__lead') }}
