{{ config(schema='pii', unique_key='subscriber_id') }}

{{ email_subscriber(source('mailchimp', 'subscriber'), opted_out=['unsubscribed'], unreachable=['cleaned']) }}
