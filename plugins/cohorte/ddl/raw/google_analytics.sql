-- What staging reads of this source, empty until it is landed; landing adds whatever else is sent (docs/adr/0006).

create table if not exists raw.google_analytics__user_day (
    date varchar,
    hour varchar,
    device_category varchar,
    city varchar,
    item_category varchar,
    custom_user_crm_contact_id varchar,
    sessions bigint,
    items_viewed bigint,
    items_added_to_cart bigint,
    data_loss_from_other_row boolean,
    subject_to_thresholding boolean,
    is_sampled boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.google_analytics__traffic_source (
    date varchar,
    session_source varchar,
    session_medium varchar,
    session_campaign_name varchar,
    custom_user_crm_contact_id varchar,
    sessions bigint,
    engaged_sessions bigint,
    data_loss_from_other_row boolean,
    subject_to_thresholding boolean,
    is_sampled boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.google_analytics__report (
    stream varchar,
    first_day date,
    last_day date,
    asked_at timestamptz,
    row_count bigint,
    pages bigint,
    data_loss_from_other_row boolean,
    subject_to_thresholding boolean,
    samples_read bigint,
    sampling_space bigint,
    tokens_consumed bigint,
    tokens_left_of_day bigint,
    tokens_left_of_hour bigint,
    tokens_left_of_project_hour bigint,
    server_errors_left_of_project_hour bigint,
    thresholded_requests_left_of_hour bigint,
    _load_id varchar,
    _loaded_at timestamptz
);
