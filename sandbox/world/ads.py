"""The ads of the page, day by day: made up, with more of everything towards the weekend."""

from datetime import timedelta
from typing import Any

import duckdb

from sandbox.world.social import DAYS, FIRST_DAY

CAMPAIGNS = ("Weekly ad", "New customers")
ADSETS = ("Near our stores", "Like our customers")
ADS = ("Picture", "Film")


def build(world: duckdb.DuckDBPyConnection) -> None:
    """Make `ad_day`: ids and names of campaign, adset and ad, day, impressions, reach, clicks, spend, purchases."""
    ads: list[tuple[Any, ...]] = []
    for campaign_at, campaign in enumerate(CAMPAIGNS, 1):
        for adset_at, adset in enumerate(ADSETS, 1):
            for ad_at, ad in enumerate(ADS, 1):
                numbers = (campaign_at, 10 * campaign_at + adset_at, 100 * campaign_at + 10 * adset_at + ad_at)
                ids = [f"1202{number:014d}" for number in numbers]
                ads.append((ids[0], campaign, ids[1], f"{campaign}: {adset}", ids[2], f"{campaign}: {adset}, {ad}"))
    world.execute(
        "CREATE TEMP TABLE ad (campaign_id VARCHAR, campaign_name VARCHAR, adset_id VARCHAR, adset_name VARCHAR, "
        "ad_id VARCHAR, ad_name VARCHAR)"
    )
    world.executemany("INSERT INTO ad VALUES (?, ?, ?, ?, ?, ?)", ads)
    first, last = FIRST_DAY.date(), (FIRST_DAY + timedelta(days=DAYS)).date()
    world.execute(
        f"""
        CREATE TABLE ad_day AS
        SELECT *, (reach * (0.01 + 0.02 * dice('clicks', ad_id || day)))::INTEGER AS clicks,
            round(impressions * (0.004 + 0.004 * dice('spend', ad_id || day)), 2)::DECIMAL(12, 2) AS spend,
            (reach * 0.004 * dice('bought', ad_id || day))::INTEGER AS purchases
        FROM (
            SELECT *, (impressions * (0.6 + 0.2 * dice('reach', ad_id || day)))::INTEGER AS reach
            FROM (
                SELECT ad.*, day::DATE AS day,
                    (400 * (1 + dice('shown', ad_id || day)) * if(isodow(day) >= 5, 1.6, 1.0))::INTEGER
                        AS impressions
                FROM ad
                CROSS JOIN (SELECT unnest(generate_series(DATE '{first}', DATE '{last}', INTERVAL 1 DAY)) AS day)
            )
        )
        ORDER BY day, ad_id
        """
    )
