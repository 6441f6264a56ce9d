{{ config(schema='pii', unique_key='subscriber_id', meta={'changed': 'changed_at'}) }}

{{ email_subscriber(source('mailchimp', 'subscriber'), opted_out=['unsubscribed'], unreachable=['cleaned']) }}
