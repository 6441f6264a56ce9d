-- What staging reads of this source, empty until it is landed; landing adds whatever else is sent (docs/adr/0006).

create table if not exists raw.meta__comment (
    id varchar,
    post_id varchar,
    from_id varchar,
    from_name varchar,
    message varchar,
    like_count varchar,
    comment_count varchar,
    permalink_url varchar,
    created_time timestamptz,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.meta__reaction (
    post_id varchar,
    id varchar,
    name varchar,
    type varchar,
    read_at timestamptz,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.meta__ad_insight (
    account_id varchar,
    campaign_id varchar,
    campaign_name varchar,
    adset_id varchar,
    adset_name varchar,
    ad_id varchar,
    ad_name varchar,
    impressions varchar,
    reach varchar,
    clicks varchar,
    spend varchar,
    actions varchar,
    date_start varchar,
    date_stop varchar,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.meta__lead (
    id varchar,
    form_id varchar,
    email varchar,
    full_name varchar,
    phone_number varchar,
    meta_user_id varchar,
    favourite_category varchar,
    is_organic varchar,
    platform varchar,
    field_data varchar,
    created_time timestamptz,
    _load_id varchar,
    _loaded_at timestamptz
);
