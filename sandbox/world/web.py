"""The web shop's visits, simulated from the real baskets: people look before they buy.

Six households in ten use the web. Some of their baskets follow a visit by hours or a day or two; what was looked at
is what was then bought, and a little that was not. Device and hour are habits of the household. One visit in twenty
is not signed in. All dice are hashes of the seed and a key, so that the same world comes out every time.
"""

import duckdb

from sandbox.world.ids import CONTACT, record_id_sql

CAME_FROM = (  # from this share of the visits on: source, medium, campaign, in the words of Analytics
    (0.00, "(direct)", "(none)", "(direct)"),
    (0.34, "google", "organic", "(organic)"),
    (0.62, "google", "cpc", "weekly_ad_search"),
    (0.74, "facebook", "paid_social", "weekly_ad_social"),
    (0.84, "newsletter", "email", "weekly_ad_letter"),
    (0.95, "recipes.example.com", "referral", "(referral)"),
)
LATE = 0.06
"""Share of the visits, and of the views within the others, that the reports only show two days later."""


def build(world: duckdb.DuckDBPyConnection) -> None:
    """Make `web_visit` (one row a session) and `web_view` (one row a session and item category)."""
    _visits(world)
    _views(world)


def _visits(world: duckdb.DuckDBPyConnection) -> None:
    world.execute(
        f"""
        CREATE TABLE web_visit AS
        SELECT visit, basket_id, started::DATE AS day, lpad(hour(started)::VARCHAR, 2, '0') AS hour, started,
            CASE WHEN dice('signed', visit) < 0.95 THEN {record_id_sql(CONTACT, "household_id")} ELSE '(not set)' END
                AS contact_id,
            CASE WHEN dice('other-device', visit) < 0.15
                 THEN CASE WHEN device = 'mobile' THEN 'desktop' ELSE 'mobile' END ELSE device END AS device,
            CASE WHEN dice('away', visit) < 0.08 THEN '(not set)' ELSE city END AS city,
            dice('late', visit) < {LATE} AS is_late, came.source, came.medium, came.campaign
        FROM (
            SELECT basket_id::VARCHAR AS visit, basket_id, household_id, device, city, created,
                CASE WHEN dice('when', basket_id) < 0.55
                     THEN ordered_at - to_minutes((45 + 300 * dice('lead', basket_id))::INTEGER)
                     ELSE date_trunc('day', ordered_at) - to_days((1 + 2 * dice('lead', basket_id))::INTEGER)
                          + to_minutes((60 * habit + 90 * dice('minute', basket_id))::INTEGER) END AS started
            FROM basket
            JOIN (
                SELECT DISTINCT ON (household_id) household_id, city, created,
                    CASE WHEN dice('device', household_id) < 0.55 THEN 'mobile'
                         WHEN dice('device', household_id) < 0.90 THEN 'desktop' ELSE 'tablet' END AS device,
                    8 + 14 * dice('habit', household_id) AS habit
                FROM truth
                JOIN (SELECT Id AS contact_id, SystemModstamp, MailingCity AS city FROM contact) USING (contact_id)
                WHERE duplicate = '' AND dice('web', household_id) < 0.6
                ORDER BY household_id, SystemModstamp
            ) USING (household_id)
            WHERE dice('visit', basket_id) < 0.48
        )
        ASOF JOIN (VALUES {", ".join(map(str, CAME_FROM))}) AS came (share, source, medium, campaign)
            ON dice('came-from', visit) >= came.share
        WHERE started >= created
        ORDER BY started, visit
        """
    )


def _views(world: duckdb.DuckDBPyConnection) -> None:
    world.execute(
        """
        CREATE TEMP TABLE category AS
        SELECT product_category AS category, row_number() OVER (ORDER BY product_category) AS number
        FROM products JOIN transactions USING (product_id)
        WHERE product_category NOT LIKE 'COUPON%' AND department NOT IN ('FUEL', 'MISCELLANEOUS')
        GROUP BY product_category
        """
    )
    world.execute(
        f"""
        CREATE TABLE web_view AS
        SELECT visit, category, views, least(views, carts) AS carts,
            CASE WHEN views > 1 AND dice('late-view', visit || category) < {LATE * 4} THEN 1 ELSE 0 END AS late_views
        FROM (
            SELECT visit, category, bought,
                1 + floor(-1.2 * ln(1 - dice('views', visit || category)))::INTEGER AS views,
                CASE WHEN bought THEN 1 + (dice('carts', visit || category) < 0.2)::INTEGER
                     ELSE (dice('carts', visit || category) < 0.1)::INTEGER END AS carts
            FROM (
                SELECT visit, category, true AS bought
                FROM (
                    SELECT visit, category,
                        row_number() OVER (PARTITION BY visit ORDER BY dice('look', visit || category)) AS place
                    FROM (SELECT DISTINCT visit, product_category AS category
                          FROM web_visit JOIN transactions USING (basket_id) JOIN products USING (product_id))
                    SEMI JOIN category USING (category)
                )
                WHERE place <= 1 + 4.5 * dice('breadth', visit)
                UNION
                SELECT visit, category.category, false
                FROM web_visit
                JOIN category ON category.number = 1 + floor(dice('noise', visit) * (SELECT count(*) FROM category))
                WHERE dice('distracted', visit) < 0.35
            )
            QUALIFY row_number() OVER (PARTITION BY visit, category ORDER BY bought DESC) = 1
        )
        ORDER BY visit, category
        """
    )
    world.execute("DELETE FROM web_visit WHERE visit NOT IN (SELECT visit FROM web_view)")
    world.execute("ALTER TABLE web_visit DROP COLUMN basket_id")
