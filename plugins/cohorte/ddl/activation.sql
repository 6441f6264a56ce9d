-- What was sent, what came back, and what is believed to be on the platform.

-- One row per sync run.
create table if not exists activation.sync_run (
    sync_run_id varchar not null,
    sync varchar not null,
    destination varchar not null,
    state varchar not null,            -- planned | held | sending | done | failed
    planned bigint not null,
    added bigint not null,
    updated bigint not null,
    removed bigint not null,
    unchanged bigint not null,
    rejected bigint not null,
    pending bigint not null,
    api_calls bigint not null,
    message varchar,
    started_at timestamp not null,
    finished_at timestamp
);

-- One row per operation sent: the intent first, then the platform's answer.
create table if not exists activation.delivery (
    sync_run_id varchar not null,
    sync varchar not null,
    operation varchar not null,        -- add | update | remove
    customer_id varchar not null,
    destination_key varchar not null,  -- hash of the platform's own key; the key itself stays in pii
    payload_hash varchar,
    state varchar not null,            -- intended | accepted | rejected | retry
    reason varchar,
    delivered_at timestamp not null
);

-- One row per sync and customer believed to be in the audience.
create table if not exists activation.acknowledged (
    sync varchar not null,
    customer_id varchar not null,
    destination_key varchar not null,
    payload_hash varchar not null,
    acknowledged_at timestamp not null
);
