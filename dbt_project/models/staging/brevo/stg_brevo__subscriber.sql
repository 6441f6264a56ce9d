{{ config(schema='pii', unique_key='subscriber_id', meta={'changed': 'changed_at'}) }}

{# The blocklist holds who unsubscribed, complained or bounced for good, and does not say which: all count as a no. #}
{{ email_subscriber(source('brevo', 'subscriber'), opted_out=['blocklisted'], unreachable=['blocklisted']) }}
