{{ config(schema='pii', unique_key='event_id', meta={'born': 'happened_at'}) }}

{{ email_event(source('hubspot', 'email_event'), {'SENT': 'sent', 'OPEN': 'open', 'CLICK': 'click', 'BOUNCE': 'bounce', 'UNSUBSCRIBED': 'unsubscribe', 'SPAMREPORT': 'complaint'}, ignored=['PROCESSED', 'DEFERRED', 'DELIVERED', 'DROPPED', 'SUPPRESSED', 'PRINT', 'FORWARD', 'UNBOUNCE', 'SUBSCRIBED', 'STATUSCHANGE']) }}
