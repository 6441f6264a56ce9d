-- What staging reads of this source, empty until it is landed; landing adds whatever else is sent (docs/adr/0006).

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
