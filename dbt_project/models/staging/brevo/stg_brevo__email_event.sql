{{ config(schema='pii', unique_key='event_id', meta={'born': 'happened_at'}) }}

{# Brevo tells of letters delivered, not of those sent; and of opens by machines apart from those by people. #}
{{ email_event(source('brevo', 'email_event'), {'delivered': 'sent', 'opened': 'open', 'click': 'click', 'hard_bounce': 'bounce', 'soft_bounce': 'bounce', 'unsubscribe': 'unsubscribe', 'spam': 'complaint'}, ignored=['proxy_open', 'unique_opened', 'deferred']) }}
