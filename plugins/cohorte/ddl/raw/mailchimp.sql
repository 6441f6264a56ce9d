-- What staging reads of this source, empty until it is landed; landing adds whatever else is sent (docs/adr/0006).

create table if not exists raw.mailchimp__email_event (
    event_id varchar,
    email_address varchar,
    action varchar,
    happened_at timestamptz,
    mailing_id varchar,
    mailing_name varchar,
    url varchar,
    bounce_type varchar,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.mailchimp__subscriber (
    subscriber_id varchar,
    email_address varchar,
    status varchar,
    changed_at timestamptz,
    _load_id varchar,
    _loaded_at timestamptz
);
