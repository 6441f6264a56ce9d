{{ config(schema='pii', unique_key='event_id', meta={'born': 'happened_at'}) }}

{# Activities of prospects who were deleted since have no address any more, and are nobody's. #}
{{ email_event(source('account_engagement', 'email_event'), {'6': 'sent', '11': 'open', '1': 'click', '13': 'bounce', '12': 'unsubscribe', '14': 'complaint'}) }}
