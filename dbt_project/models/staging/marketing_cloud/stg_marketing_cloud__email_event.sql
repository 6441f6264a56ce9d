-- Events name a person by subscriber key. Their reasons come from the status: only a complaint says something that no
-- event does.
{{ config(schema='pii', unique_key='event_id', meta={'born': 'happened_at'}) }}

with came as ({{ newest_version(source('marketing_cloud', 'email_event'), 'id', 'event_date') }}),

newest as (
    select * from came
    {%- if is_incremental() %}

    union all

    -- Events of those who came, or changed their address, after them.
    select * from {{ source('marketing_cloud', 'email_event') }}
    where
        subscriber_key in (
            select subscriber_key from {{ ref('stg_marketing_cloud__subscriber') }}
            where _load_id > {{ loaded_until() }}
        )
        and id not in (select id from came)
    qualify row_number() over (partition by id order by event_date desc, _load_id desc) = 1
    {%- endif %}
),

kinds as (
    select
        *,
        case object_type
            when 'SentEvent' then 'sent'
            when 'OpenEvent' then 'open'
            when 'ClickEvent' then 'click'
            when 'BounceEvent' then 'bounce'
            when 'UnsubEvent' then 'unsubscribe'
            when 'SubscriberStatusEvent' then if(lower(reason_unsub) like 'spam complaint%', 'complaint', null)
        end as kind
    from newest
)

select
    kinds.id as event_id,
    coalesce(subscribers.email, if(subscriber_key like '%_@_%._%', lower(trim(subscriber_key)), null)) as email,
    kinds.kind,
    kinds.event_date::timestamp as happened_at,
    kinds.send_id as mailing_id,
    if(kinds.kind = 'click', kinds.url, null) as url,
    case kinds.event_type when 'HardBounce' then 'hard' when 'SoftBounce' then 'soft' end as bounce_type,
    kinds._load_id,
    kinds._loaded_at::timestamp as _loaded_at
from kinds
left join {{ ref('stg_marketing_cloud__subscriber') }} as subscribers using (subscriber_key)
where kinds.kind is not null
