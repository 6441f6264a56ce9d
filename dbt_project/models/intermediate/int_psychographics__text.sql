{{ config(materialized='view', schema='pii') }}

-- Texts that may tell what somebody cares for, each of them once.
select distinct
    {{ text_id('named', 'item_category') }} as text_id,
    'named' as form,
    lower(trim(item_category)) as text
from (
    select distinct item_category
    from {{ ref('stg_google_analytics__user_day') }}
    where contact_id is not null and item_category <> '(not set)'
) as browsed

union all

select distinct
    text_id,
    'said',
    lower(trim(text))
from {{ ref('int_psychographics__said') }}
