-- What ran. Timestamps are UTC; `business_time` is the clock the run worked for (the sandbox's, in the demo).

-- One row per load package and stream: what was landed, and that it is registered in raw.
create table if not exists ops.load (
    load_id varchar not null,
    source varchar not null,
    stream varchar not null,
    rows bigint not null,
    files integer not null,
    cursor_until timestamp,
    business_time timestamp,
    loaded_at timestamp not null
);

-- One row per expectation evaluated, evidence included.
create table if not exists ops.gate_result (
    gate_run_id varchar not null,
    gate varchar not null,
    expectation varchar not null,
    column_name varchar,
    severity varchar not null,
    is_passed boolean not null,
    observed varchar,
    unexpected_count bigint,
    unexpected_sample varchar,
    checked_at timestamp not null
);

-- One row per run of a step.
create table if not exists ops.run (
    run_id varchar not null,
    step varchar not null,
    subject varchar,
    rows bigint,
    seconds double not null,
    business_time timestamp,
    finished_at timestamp not null
);

-- One row per record that could not be used, as it came.
create table if not exists ops.quarantine (
    source varchar not null,
    stream varchar not null,
    load_id varchar,
    reason varchar not null,
    record varchar not null,
    quarantined_at timestamp not null
);

-- One row per thing a load found worth telling: a column that came, went or changed, a stream that stopped early.
create table if not exists ops.load_event (
    load_id varchar not null,
    source varchar not null,
    stream varchar not null,
    event varchar not null,
    told_at timestamp not null
);

-- One row per stream: whether it was heard of within what its source allows, when that was last looked at.
create table if not exists ops.freshness (
    source varchar not null,
    stream varchar not null,
    state varchar not null,            -- fresh | late | stale | waiting (cohorte/steps/watch.py)
    heard_at timestamp,                -- its last load that was accepted, with rows or without
    since timestamp not null,          -- when it came into this state
    checked_at timestamp not null
);

-- One row per item a source has read whole: a file in its newest version, or how far a cursor has come.
create table if not exists ops.bookmark (
    source varchar not null,
    stream varchar not null,
    item varchar not null,             -- a file's name, or `cursor`
    version varchar not null,
    load_id varchar not null
);

-- One row per erasure that is finished; what was done where is in its certificate.
create table if not exists ops.erasure (
    erasure_id varchar not null,
    subject varchar not null,          -- keyed hash of what the person was asked for by
    was_known boolean not null,
    rows_deleted bigint not null,
    platforms integer not null,        -- syncs the person was in
    certificate varchar not null,      -- its key below the lake's path
    started_at timestamp not null,
    finished_at timestamp not null
);

-- One row per guarded table and business day: what the day's last accepted run of its gate saw, for later runs to
-- compare with. Accepted: no expectation that blocks was missed in the run.
create table if not exists ops.gate_accepted (
    gate varchar not null,
    business_date date not null,
    gate_run_id varchar not null,
    rows bigint not null,
    profile varchar not null,          -- JSON: rows by window; watched columns by bin or value (cohorte/gates/profile.py)
    accepted_at timestamp not null
);

-- One row per snapshot that was handed to analysts: every gate had passed, and nothing was being built.
create table if not exists ops.published (
    snapshot_id bigint not null,
    business_time timestamp not null,
    published_at timestamp not null
);

-- One row per model that was last built well, with its tests: from which snapshot of the lake, how it was defined then, and
-- by which build. What nothing has changed for since is left out of the next one (cohorte/steps/due.py).
create table if not exists ops.built (
    model varchar not null,            -- as dbt calls it
    snapshot_id bigint not null,
    invocation_id varchar not null,
    definition varchar not null,       -- a hash of the project
    business_date date not null,
    is_good boolean not null           -- false: it was built again since, and failed, or a test of it did
);
