-- What the models said, and how good they are.

-- One row per customer and model: the newest score.
create table if not exists ml.score (
    customer_id varchar not null,
    model varchar not null,
    model_version varchar not null,
    score double,                      -- propensity: calibrated probability; cluster: confidence, 0 to 1
    label varchar,                     -- cluster: its stable name; propensity: its band
    reasons varchar,                   -- JSON list, strongest first
    as_of_date date not null,
    scored_at timestamp not null
);

-- One row per trained version, promoted or not.
create table if not exists ml.model_version (
    model varchar not null,
    version varchar not null,
    algorithm varchar not null,
    is_promoted boolean not null,
    reason varchar not null,           -- why it was promoted or refused
    metrics varchar not null,          -- JSON
    lake_snapshot bigint not null,
    as_of_date date not null,
    trained_at timestamp not null
);

-- One row per group and metric measured.
create table if not exists ml.audit_result (
    subject varchar not null,          -- a model or a segment
    version varchar,
    attribute varchar not null,
    group_name varchar not null,
    metric varchar not null,
    value double,
    limit_value double,
    is_breach boolean not null,
    is_waived boolean not null,
    audited_at timestamp not null
);

-- One row per model and feature: today's customers, and scores, against those of the training. The newest look only.
create table if not exists ml.drift_result (
    model varchar not null,
    version varchar not null,
    feature varchar not null,          -- `score`: what the model says; `calibration`: whether it came true; else a feature
    stability double,                  -- population stability index, less what chance makes of it
    distance double,                   -- Kolmogorov-Smirnov distance over the bins
    missing double,                    -- share of missing values today
    limit_value double,
    is_drifted boolean not null,
    checked_at timestamp not null
);
