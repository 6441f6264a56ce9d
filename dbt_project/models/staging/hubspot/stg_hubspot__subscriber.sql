{{ config(schema='pii', unique_key='subscriber_id', meta={'changed': 'changed_at'}) }}

{{ email_subscriber(source('hubspot', 'subscriber'), opted_out=['opted_out'], unreachable=['bounced']) }}
