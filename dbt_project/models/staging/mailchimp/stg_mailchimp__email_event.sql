{{ config(schema='pii', unique_key='event_id', meta={'born': 'happened_at'}) }}

{{ email_event(source('mailchimp', 'email_event'), {'sent': 'sent', 'open': 'open', 'click': 'click', 'bounce': 'bounce', 'unsubscribe': 'unsubscribe', 'abuse': 'complaint'}) }}
