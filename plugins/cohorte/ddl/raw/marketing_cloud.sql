-- What staging reads of this source, empty until it is landed; landing adds whatever else is sent (docs/adr/0006).

create table if not exists raw.marketing_cloud__email_event (
    id varchar,
    object_type varchar,
    send_id varchar,
    subscriber_key varchar,
    event_date timestamptz,
    event_type varchar,
    batch_id varchar,
    url varchar,
    bounce_category varchar,
    smtp_code varchar,
    current_status varchar,
    reason_unsub varchar,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.marketing_cloud__subscriber (
    id varchar,
    subscriber_key varchar,
    email_address varchar,
    status varchar,
    created_date timestamptz,
    unsubscribed_date timestamptz,
    changed_date timestamptz,
    _load_id varchar,
    _loaded_at timestamptz
);
