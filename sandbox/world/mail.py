"""The newsletters, simulated: who was sent what over which platform, and what became of it.

A household that left an address takes some of the newsletters, each of which goes out once a month over one platform.
How eagerly it opens is a habit of the household, when it does so too; a click follows an open. Whoever unsubscribes,
complains or can no longer be reached gets nothing more over that platform. All dice are hashes of the seed and a key.
"""

import duckdb

PLATFORMS = ("hubspot", "mailchimp", "brevo", "marketing_cloud", "account_engagement")
SUBSCRIBED = 0.3
"""Share of the households that take one platform's newsletter."""
FIRST_MONTH, MONTHS = "2017-01-01", 16
KINDS = ("sent", "open", "click", "bounce", "unsubscribe", "complaint")


def build(world: duckdb.DuckDBPyConnection) -> None:
    """Make `mailing`, `subscriber` (one row a platform and address) and `mail_event`; needs `truth` and `dice`."""
    _mailings(world)
    _subscribers(world)
    _events(world)


def _mailings(world: duckdb.DuckDBPyConnection) -> None:
    """One a platform and month; the id counts them within the platform."""
    platforms = ", ".join(f"('{name}', {at})" for at, name in enumerate(PLATFORMS))
    world.execute(
        f"""
        CREATE TABLE mailing AS
        SELECT platform, (month + 1)::INTEGER AS mailing_id,
            ['New this month', 'Ten minutes, one pan', 'For the weekend', 'Your coupons are here'][1 + month % 4]
                AS subject,
            TIMESTAMP '{FIRST_MONTH}' + to_months(month::INTEGER) + to_days((4 + 5 * place)::INTEGER)
                + to_hours((7 + place)::INTEGER) AS sent_at,
            strftime(sent_at, '%B %Y') || ' letter' AS name
        FROM (VALUES {platforms}) AS platforms (platform, place)
        CROSS JOIN (SELECT unnest(range({MONTHS})) AS month)
        ORDER BY platform, mailing_id
        """
    )


def _subscribers(world: duckdb.DuckDBPyConnection) -> None:
    platforms = ", ".join(f"('{name}')" for name in PLATFORMS)
    world.execute(
        f"""
        CREATE TEMP TABLE reader AS
        SELECT platform, household_id, contact_id, lower(trim(email)) AS email, first_name, last_name,
            created + to_hours((1 + 600 * dice('subscribed', platform || household_id))::INTEGER) AS subscribed_at
        FROM truth
        JOIN (SELECT Id AS contact_id, arg_min(Email, SystemModstamp) AS email,
                  arg_min(FirstName, SystemModstamp) AS first_name, arg_min(LastName, SystemModstamp) AS last_name
              FROM contact GROUP BY Id) USING (contact_id)
        CROSS JOIN (VALUES {platforms}) AS platforms (platform)
        WHERE duplicate = '' AND email LIKE '%_@_%._%' AND dice('reader', platform || household_id) < {SUBSCRIBED}
        QUALIFY row_number() OVER (PARTITION BY platform, lower(trim(email)) ORDER BY household_id) = 1
        """
    )


def _events(world: duckdb.DuckDBPyConnection) -> None:
    """What would happen with every letter; then nothing after the first goodbye. Times carry whole seconds."""
    world.execute(
        """
        CREATE TEMP TABLE letter AS
        SELECT platform, household_id, mailing_id, email, key, sent_at, bounces, leaves, complains, opens,
            opens AND dice('click', key) < 0.3 AS clicks,
            date_trunc('second', opened_at) AS opened_at
        FROM (
            SELECT reader.*, mailing_id, sent_at, concat_ws('-', platform, household_id, mailing_id) AS key,
                dice('bounce', key) < 0.008 AS bounces,
                dice('leave', key) < 0.010 AS leaves,
                dice('complain', key) < 0.002 AS complains,
                dice('open', key) < 0.1 + 0.6 * dice('eager', household_id) AS opens,
                greatest(
                    sent_at + INTERVAL 2 MINUTE,
                    date_trunc('day', sent_at) + to_days(floor(2 * dice('days', key))::INTEGER)
                    + to_minutes((360 + 1020 * dice('reading', household_id) + 80 * dice('minute', key))::INTEGER)
                ) + to_seconds(60 * dice('second', key)) AS opened_at
            FROM reader JOIN mailing USING (platform)
            WHERE subscribed_at <= sent_at
        )
        """
    )
    world.execute(
        """
        CREATE TEMP TABLE goodbye AS
        SELECT platform, household_id, min(sent_at) AS last_letter, min(left_at) AS left_at,
            arg_min(why, sent_at) AS left_why
        FROM (
            SELECT platform, household_id, sent_at,
                CASE WHEN bounces THEN 'bounce' WHEN leaves THEN 'unsubscribe' ELSE 'complaint' END AS why,
                CASE WHEN bounces THEN sent_at + INTERVAL 40 SECOND ELSE opened_at + INTERVAL 90 SECOND END AS left_at
            FROM letter WHERE bounces OR (opens AND (leaves OR complains))
        )
        GROUP BY platform, household_id
        """
    )
    world.execute(
        """
        CREATE TABLE subscriber AS
        SELECT platform,
            row_number() OVER (PARTITION BY platform ORDER BY subscribed_at, household_id) AS subscriber_id,
            household_id, contact_id, email, first_name, last_name,
            date_trunc('second', subscribed_at) AS subscribed_at, left_at, left_why
        FROM reader LEFT JOIN goodbye USING (platform, household_id)
        ORDER BY platform, subscriber_id
        """
    )
    world.execute(
        """
        CREATE TABLE mail_event AS
        WITH got AS (
            SELECT letter.*, left_why, sent_at = last_letter AS is_last
            FROM letter LEFT JOIN goodbye USING (platform, household_id)
            WHERE last_letter IS NULL OR sent_at <= last_letter
        ), happened AS (
            SELECT *, 'sent' AS kind, sent_at AS happened_at FROM got
            UNION ALL SELECT *, 'bounce', sent_at + INTERVAL 40 SECOND FROM got WHERE bounces
            UNION ALL SELECT *, 'open', opened_at FROM got WHERE opens AND NOT bounces
            UNION ALL SELECT *, 'click', opened_at + INTERVAL 45 SECOND FROM got WHERE clicks AND NOT bounces
            UNION ALL SELECT *, left_why, opened_at + INTERVAL 90 SECOND FROM got WHERE is_last AND NOT bounces
        )
        SELECT platform,
            row_number() OVER (PARTITION BY platform ORDER BY happened_at, household_id, mailing_id, kind) AS event_id,
            mailing_id, subscriber_id, email, kind, happened_at,
            CASE WHEN kind = 'click'
                 THEN 'https://shop.example.com/offers/' || (1 + 5 * dice('offer', key))::INTEGER END AS url
        FROM happened
        JOIN (SELECT platform, household_id, subscriber_id FROM subscriber) USING (platform, household_id)
        ORDER BY platform, event_id
        """
    )
