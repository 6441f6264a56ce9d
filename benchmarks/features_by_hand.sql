-- features.customer as one person would write it in an afternoon, for one machine and for all dates at once.
-- It reads the landed Parquet through views `raw_<source>__<stream>`, and is given for nothing what no SQL makes:
-- `identity` (record_id, customer_id), `meaning` (what texts tell) and `city`. `as_of` holds the dates.
-- No step is kept, tested, described or made from what has changed only.

set nested_loop_join_threshold = 64; -- few dates: each row is compared with all of them, and no millions are sorted

create temp table contact as
select * exclude (modified_at),
    modified_at,
    loyalty_id is not null as is_trusted,
    (email is not null)::int + (phone is not null)::int + (given_name is not null)::int + (family_name is not null)::int
    + (birth_date is not null)::int + (street is not null)::int + (city is not null)::int + (postal_code is not null)::int
    + (age_band is not null)::int + (income_band is not null)::int + (household_size is not null)::int
    + (household_composition is not null)::int + (kids_count is not null)::int as completeness
from (
    select
        raw.id as contact_id, identity.customer_id, nullif(individual_id, '') as individual_id,
        nullif(trim(loyalty_id_c), '') as loyalty_id,
        nullif(trim(first_name), '') as given_name, nullif(trim(last_name), '') as family_name,
        nullif(lower(trim(email)), '') as email, nullif(trim(mobile_phone), '') as phone, birthdate as birth_date,
        nullif(trim(mailing_street), '') as street, nullif(trim(mailing_city), '') as city,
        nullif(trim(mailing_state), '') as state, nullif(trim(mailing_postal_code), '') as postal_code,
        nullif(trim(mailing_country), '') as country, age_band_c as age_band, income_band_c as income_band,
        home_ownership_c as home_ownership, marital_status_c as marital_status, household_size_c as household_size,
        household_composition_c as household_composition, kids_count_c as kids_count,
        coalesce(has_opted_out_of_email, false) as has_opted_out_of_email, coalesce(raw.is_deleted, false) as is_deleted,
        created_date::timestamp as created_at, system_modstamp::timestamp as modified_at
    from raw_salesforce__contact as raw
    left join identity on identity.record_id = 'salesforce:' || raw.id
    qualify row_number() over (partition by raw.id order by system_modstamp desc, _load_id desc) = 1
)
where not is_deleted;

create temp table customer as
select
    customer_id,
    arg_max(birth_date, (is_trusted, modified_at, contact_id)) filter (birth_date is not null) as birth_date,
    arg_max(email, (is_trusted, modified_at, contact_id)) filter (email is not null) as email,
    arg_max(age_band, (is_trusted, modified_at, contact_id)) filter (age_band is not null) as age_band,
    arg_max(income_band, (is_trusted, modified_at, contact_id)) filter (income_band is not null) as income_band,
    arg_max(home_ownership, (is_trusted, modified_at, contact_id)) filter (home_ownership is not null) as home_ownership,
    arg_max(marital_status, (is_trusted, modified_at, contact_id)) filter (marital_status is not null) as marital_status,
    arg_max(household_size, (is_trusted, completeness, modified_at, contact_id)) filter (household_size is not null)
        as household_size,
    arg_max(household_composition, (is_trusted, completeness, modified_at, contact_id))
        filter (household_composition is not null) as household_composition,
    arg_max(kids_count, (is_trusted, completeness, modified_at, contact_id)) filter (kids_count is not null) as kids_count,
    arg_max(city, (is_trusted, modified_at, contact_id)) filter (city is not null) as city,
    arg_max(state, (is_trusted, modified_at, contact_id)) filter (state is not null) as state,
    arg_max(country, (is_trusted, modified_at, contact_id)) filter (country is not null) as country,
    min(created_at) as customer_since
from contact
group by customer_id;

create temp table lead as
select
    id as lead_id, meta_user_id, identity.customer_id, nullif(lower(trim(email)), '') as email,
    lower(trim(favourite_category)) as favourite_category, created_time::timestamp as created_at
from raw_meta__lead as raw
inner join identity on identity.record_id = 'meta:' || raw.id
qualify row_number() over (partition by raw.id order by created_time desc, _load_id desc) = 1;

create temp table crm_lead as
select customer_id, email, has_opted_out_of_email and not is_converted as is_out
from (
    select identity.customer_id, nullif(lower(trim(email)), '') as email, has_opted_out_of_email, is_converted,
        raw.is_deleted
    from raw_salesforce__lead as raw
    inner join identity on identity.record_id = 'salesforce_lead:' || raw.id
    qualify row_number() over (partition by raw.id order by system_modstamp desc, _load_id desc) = 1
)
where not coalesce(is_deleted, false);

create temp table holder as
select email, customer_id from contact
union
select email, customer_id from lead
union
select email, customer_id from crm_lead;

create temp table address as
select email, min(customer_id) as customer_id from holder where email is not null group by email;

-- Who said no to letters, anywhere.
create temp table refused as
with subscriber as (
    select lower(trim(email_address)) as email, status in ('opted_out', 'unsubscribed', 'blocklisted') as is_out from (
        select 'hubspot' as platform, * from raw_hubspot__subscriber
        union all by name select 'mailchimp' as platform, * from raw_mailchimp__subscriber
        union all by name select 'brevo' as platform, * from raw_brevo__subscriber
    )
    qualify row_number() over (partition by platform, subscriber_id order by changed_at desc, _load_id desc) = 1
    union all
    select lower(trim(email_address)), coalesce(opted_out = 'true', false) or coalesce(is_do_not_email = 'true', false)
    from raw_account_engagement__subscriber
    qualify row_number() over (partition by subscriber_id order by changed_at desc, _load_id desc) = 1
    union all
    select lower(trim(email_address)), status in ('Unsubscribed', 'Deleted')
    from raw_marketing_cloud__subscriber
    qualify row_number() over (partition by id order by changed_date desc, _load_id desc) = 1
),
individual as (
    select id, has_opted_out_processing or should_forget or has_opted_out_solicit as is_out, is_deleted
    from raw_salesforce__individual
    qualify row_number() over (partition by id order by system_modstamp desc, _load_id desc) = 1
),
answer as (
    select party_id, privacy_consent_status, coalesce(effective_from, capture_date, created_date) as since, effective_to,
        is_deleted
    from raw_salesforce__contact_point_type_consent
    where contact_point_type = 'Email'
    qualify row_number() over (partition by id order by system_modstamp desc, _load_id desc) = 1
)
select distinct customer_id from (
    select customer_id from contact where has_opted_out_of_email
    union all
    select customer_id from crm_lead where is_out
    union all
    select holder.customer_id from subscriber inner join holder on holder.email = subscriber.email
    where is_out
    union all
    select contact.customer_id from subscriber
    inner join raw_salesforce__contact as once on nullif(lower(trim(once.email)), '') = subscriber.email
    inner join contact on contact.contact_id = once.id
    where is_out
    union all
    select contact.customer_id from individual inner join contact on contact.individual_id = individual.id
    where is_out and not coalesce(individual.is_deleted, false)
    union all
    select contact.customer_id from answer inner join contact on contact.individual_id = answer.party_id
    where privacy_consent_status = 'OptOut' and not coalesce(answer.is_deleted, false)
        and since::timestamp <= getvariable('now') and coalesce(effective_to::timestamp > getvariable('now'), true)
);

-- Baskets by department, with the day they were known: millions of lines are looked at once.
create temp table bought as
with item as (
    select * from raw_salesforce__order_item
    qualify row_number() over (partition by id order by system_modstamp desc, _load_id desc) = 1
),
purchase as (
    select raw.id, identity.customer_id, ordered_at_c::timestamp as ordered_at, created_date::timestamp as known_at,
        raw.is_deleted
    from raw_salesforce__order as raw
    inner join identity on identity.record_id = 'salesforce:' || bill_to_contact_id
    qualify row_number() over (partition by raw.id order by system_modstamp desc, _load_id desc) = 1
),
product as (
    select id, family from raw_salesforce__product2
    qualify row_number() over (partition by id order by system_modstamp desc, _load_id desc) = 1
)
select
    order_id, customer_id, ordered_at, greatest(item.created_date::timestamp, known_at)::date as known_on,
    family as department,
    sum(total_price::decimal(12, 2)) as value,
    sum(total_price::decimal(12, 2)) filter (total_price > 0) as spend,
    sum(coalesce(retail_discount_c, 0)::decimal(12, 2) + coalesce(coupon_discount_c, 0)::decimal(12, 2)
        + coalesce(coupon_match_discount_c, 0)::decimal(12, 2)) as discount,
    bool_or(coupon_discount_c > 0) as used_coupon
from item
inner join purchase on purchase.id = item.order_id
left join product on product.id = item.product2_id
where not coalesce(item.is_deleted, false) and not coalesce(purchase.is_deleted, false)
group by all;

create temp table purchases as
with by_day as (
    select order_id, customer_id, ordered_at, known_on, sum(value) as value, sum(discount) as discount,
        bool_or(used_coupon) as used_coupon
    from bought
    group by all
),
basket as (
    select as_of_date, order_id, any_value(customer_id) as customer_id, min(ordered_at) as ordered_at,
        sum(value) as value, sum(discount) as discount, bool_or(used_coupon) as used_coupon,
        date_diff('day', min(ordered_at)::date, as_of_date) as age_days
    from by_day
    inner join as_of on known_on <= as_of_date and ordered_at < as_of_date + interval 1 day
    group by as_of_date, order_id
)
select
    as_of_date,
    customer_id,
    min(age_days) as recency_days,
    count(*) as frequency,
    sum(value)::decimal(14, 2) as monetary,
    max(age_days) as tenure_days,
    (sum(value) / count(*))::decimal(12, 2) as average_basket,
    (max(age_days) - min(age_days)) / nullif(count(*) - 1, 0) as inter_purchase_days,
    list_sort(list(age_days)) as ages,
    count(*) filter (age_days < 30) as baskets_30d,
    count(*) filter (age_days < 90) as baskets_90d,
    coalesce(sum(value) filter (age_days < 30), 0)::decimal(14, 2) as spend_30d,
    coalesce(sum(value) filter (age_days < 90), 0)::decimal(14, 2) as spend_90d,
    sum(discount) / nullif(sum(value) + sum(discount), 0) as discount_share,
    count(*) filter (used_coupon) as coupon_baskets,
    count(*) filter (used_coupon and age_days < 90) as coupon_baskets_90d,
    min(age_days) filter (used_coupon) as coupon_recency_days,
    avg((hour(ordered_at) >= 17)::int) as evening_share,
    avg((isodow(ordered_at) >= 6)::int) as weekend_share
from basket
group by as_of_date, customer_id;

create temp table categories as
select
    as_of_date,
    customer_id,
    count(*) as departments,
    sum(value) as spend_180d,
    round(ln(sum(value)) - sum(value * ln(value)) / sum(value), 9) as category_entropy,
    coalesce(sum(value) filter (department in ('PRODUCE', 'SALAD BAR', 'SEAFOOD', 'FLORAL')), 0) / sum(value) as fresh_share,
    coalesce(sum(value) filter (department in ('MEAT', 'MEAT-PCKGD')), 0) / sum(value) as meat_share,
    coalesce(sum(value) filter (department in ('DRUG GM', 'COSMETICS', 'NUTRITION')), 0) / sum(value) as personal_care_share,
    coalesce(sum(value) filter (department in ('DELI', 'PASTRY', 'CHEF SHOPPE', 'RESTAURANT')), 0) / sum(value) as deli_share,
    arg_max(department, (value, department)) as top_department
from (
    select as_of_date, customer_id, department, sum(spend) as value
    from bought
    inner join as_of
        on known_on <= as_of_date and ordered_at::date <= as_of_date and ordered_at::date > as_of_date - 180
    where spend is not null
    group by as_of_date, customer_id, department
)
group by as_of_date, customer_id;

create temp table returned as
with line as (
    select * from raw_salesforce__return_order_line_item
    qualify row_number() over (partition by id order by system_modstamp desc, _load_id desc) = 1
),
parcel as (
    select * from raw_salesforce__return_order
    qualify row_number() over (partition by id order by system_modstamp desc, _load_id desc) = 1
),
purchase as (
    select raw.id, identity.customer_id, created_date::timestamp as known_at, raw.is_deleted
    from raw_salesforce__order as raw
    inner join identity on identity.record_id = 'salesforce:' || bill_to_contact_id
    qualify row_number() over (partition by raw.id order by system_modstamp desc, _load_id desc) = 1
),
line_of as (
    select
        customer_id, line.total_price::decimal(12, 2) as refund_value,
        coalesce(returned_at_c, parcel.created_date)::timestamp as returned_at,
        greatest(line.created_date::timestamp, parcel.created_date::timestamp, known_at) as known_at,
        least(
            if(coalesce(line.is_deleted, false), line.system_modstamp::timestamp, null),
            if(coalesce(parcel.is_deleted, false) or status = 'Canceled', parcel.system_modstamp::timestamp, null)
        ) as cancelled_at
    from line
    inner join parcel on parcel.id = line.return_order_id
    inner join purchase on purchase.id = parcel.order_id
    where not coalesce(purchase.is_deleted, false)
)
select
    as_of_date, customer_id, count(*) as returned_lines_180d, sum(refund_value)::decimal(14, 2) as returned_value_180d,
    min(date_diff('day', returned_at::date, as_of_date)) as return_recency_days
from line_of
inner join as_of
    on returned_at < as_of_date + interval 1 day and returned_at >= as_of_date - interval 179 days
    and known_at < as_of_date + interval 1 day and coalesce(cancelled_at >= as_of_date + interval 1 day, true)
group by as_of_date, customer_id;

create temp table campaigns as
with member as (
    select * from raw_salesforce__campaign_member
    qualify row_number() over (partition by id order by system_modstamp desc, _load_id desc) = 1
),
campaign as (
    select id, end_date, is_deleted, system_modstamp from raw_salesforce__campaign
    qualify row_number() over (partition by id order by system_modstamp desc, _load_id desc) = 1
)
select
    as_of_date,
    identity.customer_id,
    count(distinct campaign_id) as campaigns_received,
    count(distinct campaign_id) filter (has_responded and first_responded_date <= as_of_date) as campaigns_answered,
    count(distinct campaign_id) filter (end_date > as_of_date) as campaigns_running
from as_of
inner join member on member.created_date::timestamp < as_of_date + interval 1 day
    and (not coalesce(member.is_deleted, false) or member.system_modstamp::timestamp >= as_of_date + interval 1 day)
inner join campaign on campaign.id = member.campaign_id
    and (not coalesce(campaign.is_deleted, false) or campaign.system_modstamp::timestamp >= as_of_date + interval 1 day)
inner join identity on identity.record_id = 'salesforce:' || member.contact_id
group by all;

create temp table visit as
select
    identity.customer_id, strptime(date, '%Y%m%d')::date as activity_date, hour::int as hour, device_category as device,
    city, sessions::int as sessions, items_viewed::int as views, items_added_to_cart::int as carts,
    custom_user_crm_contact_id as contact_id, item_category
from raw_google_analytics__user_day as raw
inner join identity on identity.record_id = 'salesforce:' || custom_user_crm_contact_id
qualify rank() over (partition by date order by _load_id desc) = 1;

create temp table web as
with seen as (
    select * from visit inner join as_of on activity_date <= as_of_date and activity_date > as_of_date - 90
),
main_device as (
    select as_of_date, customer_id, arg_min(device, (-sessions, device)) as main_device from (
        select as_of_date, customer_id, device, sum(sessions) as sessions from seen where device is not null group by all
    ) group by all
),
main_city as (
    select as_of_date, customer_id, arg_min(city, (-sessions, city)) as web_city from (
        select as_of_date, customer_id, city, sum(sessions) as sessions from seen where city is not null group by all
    ) group by all
),
by_hour as (
    select as_of_date, customer_id, map_from_entries(list((hour, sessions))) as hours from (
        select as_of_date, customer_id, hour, sum(sessions) as sessions from seen group by all
    ) group by all
),
by_weekday as (
    select as_of_date, customer_id, map_from_entries(list((weekday, sessions))) as weekdays from (
        select as_of_date, customer_id, isodow(activity_date) as weekday, sum(sessions) as sessions from seen group by all
    ) group by all
),
total as (
    select
        as_of_date, customer_id, sum(sessions) as web_sessions_90d, sum(views) as web_views_90d, sum(carts) as web_carts_90d,
        min(date_diff('day', activity_date, as_of_date)) as web_recency_days,
        sum(sessions) filter (activity_date > as_of_date - 30) as web_sessions_30d,
        coalesce(sum(sessions) filter (device = 'mobile'), 0) / nullif(sum(sessions), 0) as mobile_share,
        coalesce(sum(sessions) filter (device = 'desktop'), 0) / nullif(sum(sessions), 0) as desktop_share,
        coalesce(sum(sessions) filter (device = 'tablet'), 0) / nullif(sum(sessions), 0) as tablet_share
    from seen
    group by as_of_date, customer_id
)
select
    total.*, main_device, web_city,
    [coalesce(hours[nth], 0) / nullif(web_sessions_90d, 0) for nth in range(24)] as hour_profile,
    [coalesce(weekdays[nth], 0) / nullif(web_sessions_90d, 0) for nth in range(1, 8)] as weekday_profile
from total
left join main_device using (as_of_date, customer_id)
left join main_city using (as_of_date, customer_id)
left join by_hour using (as_of_date, customer_id)
left join by_weekday using (as_of_date, customer_id);

create temp table interests as
with comment as (
    select * from raw_meta__comment
    qualify row_number() over (partition by id order by created_time desc, _load_id desc) = 1
),
evidence as (
    select
        'browsed:' || contact_id || ':' || item_category as evidence_id, customer_id, activity_date::timestamp as known_at,
        'named:' || lower(trim(item_category)) as text_id, ((views + 2 * carts) * 0.05)::decimal(18, 2) as weight
    from visit where item_category <> '(not set)' and views + 2 * carts > 0
    union all
    select 'lead:' || lead_id, customer_id, created_at, 'said:' || md5(favourite_category), 1
    from lead where favourite_category <> ''
    union all
    select 'comment:' || id, customer_id, created_time::timestamp, 'said:' || md5(lower(trim(message))), 1
    from comment
    inner join (select meta_user_id, arg_min(customer_id, lead_id) as customer_id from lead group by all)
        on meta_user_id = from_id
),
known as (
    select as_of_date, customer_id, evidence_id, text_id, least(1, sum(weight)::double) as weight
    from evidence inner join as_of on known_at < as_of_date + interval 1 day
    group by all
),
found as (
    select
        as_of_date, customer_id, kind, interest, round(1 - product(1 - least(similarity * weight, 0.99)), 9) as score,
        arg_max(evidence_id, (least(similarity * weight, 0.99), evidence_id)) as evidence_id
    from known inner join meaning using (text_id)
    group by all
)
select
    as_of_date, customer_id,
    list(interest order by score desc, interest) filter (kind = 'interest') as interests,
    list(evidence_id order by score desc, interest) filter (kind = 'interest') as interest_evidence_ids,
    list(interest order by score desc, interest) filter (kind = 'value') as values,
    list(evidence_id order by score desc, interest) filter (kind = 'value') as value_evidence_ids
from found
group by all;

create temp table letter as
with told as (
    select 'hubspot' as platform, * from raw_hubspot__email_event
    union all by name select 'mailchimp' as platform, * from raw_mailchimp__email_event
    union all by name select 'brevo' as platform, * from raw_brevo__email_event
    union all by name select 'account_engagement' as platform, * from raw_account_engagement__email_event
    union all by name
    select 'marketing_cloud' as platform, id as event_id, coalesce(known.email_address, subscriber_key) as email_address,
        replace(object_type, 'Event', '') as action, event_date as happened_at, send_id as mailing_id, event._load_id
    from raw_marketing_cloud__email_event as event
    left join (
        select subscriber_key, email_address from raw_marketing_cloud__subscriber
        qualify row_number() over (partition by id order by changed_date desc, _load_id desc) = 1
    ) as known using (subscriber_key)
),
newest as (
    select platform, lower(trim(email_address)) as email, lower(action) as action, mailing_id,
        happened_at::timestamp as happened_at
    from told
    qualify row_number() over (partition by platform, event_id order by happened_at desc, _load_id desc) = 1
)
select
    address.customer_id,
    platform || ':' || mailing_id as mailing,
    happened_at,
    case
        when action in ('sent', 'delivered') or (platform = 'account_engagement' and action = '6') then 'sent'
        when action in ('open', 'opened') or (platform = 'account_engagement' and action = '11') then 'open'
        when action = 'click' or (platform = 'account_engagement' and action = '1') then 'click'
    end as kind
from newest
inner join address using (email)
where not (platform = 'hubspot' and action = 'delivered');

create temp table letters as
select
    as_of_date,
    customer_id,
    count(distinct mailing) filter (kind = 'sent' and age_days < 90) as letters_90d,
    count(distinct mailing) filter (kind in ('open', 'click') and age_days < 90) as letters_opened_90d,
    count(distinct mailing) filter (kind = 'click' and age_days < 90) as letters_clicked_90d,
    min(age_days) filter (kind in ('open', 'click')) as email_recency_days,
    mode(hour(happened_at) order by happened_at) filter (kind in ('open', 'click')) as best_send_hour,
    count(*) filter (kind in ('open', 'click')) as best_send_hour_observations
from (
    select *, date_diff('day', happened_at::date, as_of_date) as age_days
    from as_of
    inner join letter on happened_at < as_of_date + interval 1 day and happened_at >= as_of_date - interval 179 days
)
group by as_of_date, customer_id;

create temp table channels as
select as_of_date, customer_id, arg_max(channel, (days, channel)) as preferred_channel, sum(days) as observations
from (
    select as_of_date, customer_id, channel, count(distinct day) as days
    from as_of
    inner join (
        select customer_id, 'web' as channel, activity_date as day from visit
        union all
        select customer_id, 'meta', created_at::date from lead
        union all
        select customer_id, 'email', happened_at::date from letter where kind in ('open', 'click')
        union all
        select identity.customer_id, 'campaign', coalesce(first_responded_date, created_date::date)
        from (
            select * from raw_salesforce__campaign_member
            qualify row_number() over (partition by id order by system_modstamp desc, _load_id desc) = 1
        ) as member
        inner join identity on identity.record_id = 'salesforce:' || member.contact_id
        where has_responded and not coalesce(is_deleted, false)
    ) as seen on seen.day <= as_of_date and seen.day > as_of_date - 180
    group by all
)
group by as_of_date, customer_id;

create table features as
select
    as_of_date,
    customer.customer_id,
    (date_diff('year', birth_date, as_of_date)
        - (strftime(birth_date, '%m%d') > strftime(as_of_date, '%m%d'))::int)::int as age,
    age_band, income_band, home_ownership, marital_status, household_size, household_composition, kids_count,
    customer.city,
    city.population as city_population,
    city.time_zone,
    email is not null and customer.customer_id not in (from refused) as is_mailable,
    recency_days,
    coalesce(frequency, 0) as frequency,
    coalesce(monetary, 0)::double as monetary,
    tenure_days,
    average_basket::double as average_basket,
    inter_purchase_days,
    round(sqrt(greatest(
        list_sum([(ages[nth + 1] - ages[nth]) ** 2 for nth in range(1, len(ages))]) / nullif(frequency - 1, 0)
        - inter_purchase_days ** 2, 0
    )) / nullif(inter_purchase_days, 0), 9) as inter_purchase_variation,
    coalesce(baskets_30d, 0) as baskets_30d,
    coalesce(baskets_90d, 0) as baskets_90d,
    coalesce(spend_30d, 0)::double as spend_30d,
    coalesce(spend_90d, 0)::double as spend_90d,
    coalesce(baskets_90d, 0) / 3.0 as orders_per_month,
    spend_30d * 3 / nullif(spend_90d, 0) as spend_trend,
    baskets_30d * 3.0 / nullif(baskets_90d, 0) as baskets_trend,
    discount_share,
    coalesce(coupon_baskets, 0) as coupon_baskets,
    coalesce(coupon_baskets_90d, 0) as coupon_baskets_90d,
    coupon_recency_days,
    departments, category_entropy, fresh_share, meat_share, personal_care_share, deli_share, top_department,
    coalesce(returned_lines_180d, 0) as returned_lines_180d,
    if(returned_value_180d > spend_180d, 1, if(returned_lines_180d is null, 0, returned_value_180d) / spend_180d)::double
        as return_share_180d,
    return_recency_days,
    coalesce(campaigns_received, 0) as campaigns_received,
    coalesce(campaigns_answered, 0) as campaigns_answered,
    coalesce(campaigns_running, 0) as campaigns_running,
    coalesce(letters_90d, 0) as letters_90d,
    coalesce(letters_opened_90d, 0) as letters_opened_90d,
    coalesce(letters_clicked_90d, 0) as letters_clicked_90d,
    least(letters_opened_90d, letters_90d) / nullif(letters_90d, 0) as letters_opened_share,
    email_recency_days,
    coalesce(interests.interests, []) as interests,
    coalesce(interests.interest_evidence_ids, []) as interest_evidence_ids,
    coalesce(interests.values, []) as values,
    coalesce(interests.value_evidence_ids, []) as value_evidence_ids,
    coalesce(web_sessions_90d, 0) as web_sessions_90d,
    coalesce(web_views_90d, 0) as web_views_90d,
    coalesce(web_carts_90d, 0) as web_carts_90d,
    web_recency_days,
    coalesce(web_sessions_30d, 0) * 3.0 / nullif(web_sessions_90d, 0) as web_trend,
    mobile_share, desktop_share, tablet_share, hour_profile, weekday_profile, main_device,
    list_position(hour_profile, list_max(hour_profile)) - 1 as main_hour,
    web_city, evening_share, weekend_share, preferred_channel,
    coalesce(channels.observations, 0) as preferred_channel_observations,
    best_send_hour,
    coalesce(best_send_hour_observations, 0) as best_send_hour_observations
from as_of
inner join customer on customer_since < as_of_date + interval 1 day
left join purchases using (as_of_date, customer_id)
left join categories using (as_of_date, customer_id)
left join returned using (as_of_date, customer_id)
left join campaigns using (as_of_date, customer_id)
left join web using (as_of_date, customer_id)
left join letters using (as_of_date, customer_id)
left join channels using (as_of_date, customer_id)
left join city on city.city = customer.city and city.state is not distinct from customer.state
    and city.country = customer.country
left join interests using (as_of_date, customer_id);
