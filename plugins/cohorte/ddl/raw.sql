-- The raw tables staging reads, empty: a source that was never landed is no error for those that were (docs/adr/0006).
-- Landing adds whatever else a platform sends.

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

create table if not exists raw.salesforce__campaign (
    id varchar,
    name varchar,
    type varchar,
    start_date date,
    end_date date,
    status varchar,
    is_active boolean,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__campaign_member (
    id varchar,
    campaign_id varchar,
    contact_id varchar,
    status varchar,
    has_responded boolean,
    first_responded_date date,
    redemptions_c double,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__contact (
    id varchar,
    first_name varchar,
    last_name varchar,
    email varchar,
    mobile_phone varchar,
    birthdate date,
    mailing_street varchar,
    mailing_city varchar,
    mailing_state varchar,
    mailing_postal_code varchar,
    mailing_country varchar,
    has_opted_out_of_email boolean,
    last_modified_date timestamptz,
    loyalty_id_c varchar,
    age_band_c varchar,
    income_band_c varchar,
    home_ownership_c varchar,
    marital_status_c varchar,
    household_size_c varchar,
    household_composition_c varchar,
    kids_count_c varchar,
    account_id varchar,
    individual_id varchar,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__account (
    id varchar,
    name varchar,
    type varchar,
    industry varchar,
    phone varchar,
    billing_street varchar,
    billing_city varchar,
    billing_state varchar,
    billing_postal_code varchar,
    billing_country varchar,
    number_of_employees double,
    last_modified_date timestamptz,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__lead (
    id varchar,
    first_name varchar,
    last_name varchar,
    company varchar,
    email varchar,
    phone varchar,
    city varchar,
    state varchar,
    country varchar,
    lead_source varchar,
    status varchar,
    has_opted_out_of_email boolean,
    is_converted boolean,
    converted_date date,
    converted_account_id varchar,
    converted_contact_id varchar,
    last_modified_date timestamptz,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__opportunity (
    id varchar,
    name varchar,
    account_id varchar,
    contact_id varchar,
    stage_name varchar,
    amount double,
    probability double,
    close_date date,
    type varchar,
    lead_source varchar,
    is_closed boolean,
    is_won boolean,
    last_modified_date timestamptz,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__individual (
    id varchar,
    first_name varchar,
    last_name varchar,
    birth_date date,
    has_opted_out_processing boolean,
    has_opted_out_profiling boolean,
    has_opted_out_solicit boolean,
    has_opted_out_tracking boolean,
    has_opted_out_geo_tracking boolean,
    should_forget boolean,
    send_individual_data boolean,
    can_store_pii_elsewhere boolean,
    last_modified_date timestamptz,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__contact_point_type_consent (
    id varchar,
    name varchar,
    party_id varchar,
    contact_point_type varchar,
    capture_contact_point_type varchar,
    capture_source varchar,
    privacy_consent_status varchar,
    data_use_purpose_id varchar,
    capture_date timestamptz,
    effective_from timestamptz,
    effective_to timestamptz,
    last_modified_date timestamptz,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__order (
    id varchar,
    order_number varchar,
    bill_to_contact_id varchar,
    effective_date date,
    ordered_at_c timestamptz,
    store_c varchar,
    total_amount double,
    status varchar,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__order_item (
    id varchar,
    order_id varchar,
    product2_id varchar,
    quantity double,
    unit_price double,
    total_price double,
    retail_discount_c double,
    coupon_discount_c double,
    coupon_match_discount_c double,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__return_order (
    id varchar,
    return_order_number varchar,
    order_id varchar,
    contact_id varchar,
    status varchar,
    returned_at_c timestamptz,
    last_modified_date timestamptz,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__return_order_line_item (
    id varchar,
    return_order_line_item_number varchar,
    return_order_id varchar,
    order_item_id varchar,
    product2_id varchar,
    quantity_returned double,
    reason_for_return varchar,
    processing_plan varchar,
    total_price double,
    last_modified_date timestamptz,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.salesforce__product2 (
    id varchar,
    name varchar,
    product_code varchar,
    family varchar,
    brand_c varchar,
    product_category_c varchar,
    product_type_c varchar,
    package_size_c varchar,
    is_active boolean,
    created_date timestamptz,
    system_modstamp timestamptz,
    is_deleted boolean,
    _load_id varchar,
    _loaded_at timestamptz
);

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

create table if not exists raw.brevo__email_event (
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

create table if not exists raw.brevo__subscriber (
    subscriber_id varchar,
    email_address varchar,
    status varchar,
    changed_at timestamptz,
    _load_id varchar,
    _loaded_at timestamptz
);

create table if not exists raw.hubspot__email_event (
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

create table if not exists raw.hubspot__subscriber (
    subscriber_id varchar,
    email_address varchar,
    status varchar,
    changed_at timestamptz,
    _load_id varchar,
    _loaded_at timestamptz
);

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
