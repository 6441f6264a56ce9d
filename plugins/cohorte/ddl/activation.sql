-- What was sent, what came back, and what is believed to be on the platform.
-- No personal data: people are `customer_id` and `destination_key`, the SHA-256 of the key as the platform normalises
-- it. The keys themselves are in pii.activation_key; erasing a person there is one delete.

-- One row per sync run.
create table if not exists activation.sync_run (
    sync_run_id varchar not null,      -- sorts by time
    sync varchar not null,
    destination varchar not null,
    state varchar not null,            -- sending | held | done | failed | interrupted | opt-outs
    planned bigint not null,           -- = accepted (added + updated + removed) + rejected + pending, once finished
    added bigint not null,
    updated bigint not null,
    removed bigint not null,
    unchanged bigint not null,
    rejected bigint not null,
    pending bigint not null,
    api_calls bigint not null,
    left_out varchar,                  -- JSON: reason -> rows that are in the segment and not sent
    message varchar,
    definition varchar,                -- what the plan was made from, besides the lake
    lake_snapshot bigint,              -- what the plan has seen of the lake
    acknowledged bigint,               -- people believed to be in the audience when it was over
    compared_at timestamp,             -- when everybody was last compared, not only who has changed
    started_at timestamp not null,
    finished_at timestamp
);

-- One row per change of a sync's state that a person should know of.
create table if not exists activation.alert (
    sync_run_id varchar not null,
    sync varchar not null,
    kind varchar not null,             -- failing | held | recovered | rejecting | accepting | size jump
    message varchar not null,
    raised_at timestamp not null
);

-- One row per operation written down before it is sent; the next run's or a receipt's row replaces it.
create table if not exists activation.intent (
    sync_run_id varchar not null,
    sync varchar not null,
    operation varchar not null,        -- add | update | remove
    customer_id varchar not null,
    destination_key varchar not null,
    payload_hash varchar,
    intended_at timestamp not null
);

-- One row per operation sent, with the platform's answer.
create table if not exists activation.delivery (
    sync_run_id varchar not null,
    sync varchar not null,
    operation varchar not null,        -- add | update | remove
    customer_id varchar not null,
    destination_key varchar not null,
    payload_hash varchar,
    state varchar not null,            -- accepted | rejected | pending
    reason varchar,                    -- the platform's own words, personal data struck out; for a removal: why
    delivered_at timestamp not null
);

-- One row per sync and person believed to be in the audience.
create table if not exists activation.acknowledged (
    sync varchar not null,
    customer_id varchar not null,
    destination_key varchar not null,
    payload_hash varchar not null,
    fingerprint ubigint not null,      -- of what the payload came from; a hint that saves a closer look
    acknowledged_at timestamp not null
);

-- One row per sync and person the platform refuses as they are; tried again when the row changes.
create table if not exists activation.rejected (
    sync varchar not null,
    customer_id varchar not null,
    destination_key varchar not null,
    payload_hash varchar not null,
    reason varchar not null,
    rejected_at timestamp not null
);

-- One row per sync, segment, experiment and customer held out: what an experiment compares with activation.delivery.
create table if not exists activation.holdout (
    sync_run_id varchar not null,      -- the first run that would have sent them
    sync varchar not null,
    segment varchar not null,
    experiment varchar not null,
    customer_id varchar not null,
    held_out_at timestamp not null
);

-- One row per sync: the platform's own id of its audience.
create table if not exists activation.audience (
    sync varchar not null,
    audience varchar not null,
    external_id varchar not null,
    opened_at timestamp not null
);

-- One row per identifier that may never be sent again: a customer_id, or a destination_key (of the key in lower case and
-- trimmed: that one counts on every platform, whatever its own normal form).
create table if not exists activation.suppression (
    identifier varchar not null,
    reason varchar not null,
    suppressed_at timestamp not null
);

-- One row per sync and person sent: the platform's key and its own id, which a later removal needs.
create table if not exists pii.activation_key (
    sync varchar not null,
    customer_id varchar not null,
    destination_key varchar not null,
    key varchar not null,
    external_id varchar
);
