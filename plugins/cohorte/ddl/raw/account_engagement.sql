-- What staging reads of this source, empty until it is landed; landing adds whatever else is sent (docs/adr/0006).

create table if not exists raw.account_engagement__email_event (
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

create table if not exists raw.account_engagement__subscriber (
    subscriber_id varchar,
    email_address varchar,
    opted_out varchar,
    is_do_not_email varchar,
    is_email_hard_bounced varchar,
    changed_at timestamptz,
    _load_id varchar,
    _loaded_at timestamptz
);
