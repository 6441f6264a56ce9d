"""What Salesforce holds of shopping: one table an object, its columns named as the API's fields.

Every table is ordered by `SystemModstamp`, so that "what changed since" touches few blocks. Objects that change
(Contact, Campaign, CampaignMember) hold one row a version, valid until `valid_to`; the others hold one row a record.
"""

from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from sandbox.world import ids, sales
from sandbox.world.people import Contact, Household, Population, contacts

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 5_000
"""Households whose people are in memory at once."""
NEVER = "TIMESTAMP '9999-01-01'"


def build(world: duckdb.DuckDBPyConnection, *, seed: int) -> None:
    """Make the six tables and `truth` (contact -> household, for tests only) from the source tables."""
    _contacts(world, seed)
    _products(world)
    _orders(world, seed)
    _campaigns(world)


def _households(world: duckdb.DuckDBPyConnection) -> Iterator[list[Household]]:
    """All of them, BATCH at a time."""
    found = world.execute(
        """
        SELECT household_id, first_basket, last_basket, first_campaign, demographics
        FROM (SELECT household_id, min(ordered_at) AS first_basket, max(ordered_at) AS last_basket
              FROM basket GROUP BY household_id)
        LEFT JOIN (SELECT household_id, min(start_date) AS first_campaign
                   FROM campaigns JOIN campaign_descriptions USING (campaign_id) GROUP BY household_id)
            USING (household_id)
        LEFT JOIN (SELECT household_id, demographics FROM demographics) USING (household_id)
        ORDER BY household_id
        """
    ).to_arrow_table()
    for batch in found.to_batches(BATCH):
        yield [Household(**row | {"demographics": row["demographics"] or {}}) for row in batch.to_pylist()]


def _contacts(world: duckdb.DuckDBPyConnection, seed: int) -> None:
    """`contact`, and who is behind it in `truth`; people are made BATCH households at a time."""
    import pyarrow as pa

    population = Population(seed)
    for number, households in enumerate(_households(world)):
        people = [person for household in households for person in population.of(household)]
        versions = pa.Table.from_pylist(
            [asdict(version) | {"valid_to": end} for version, end in contacts(iter(people))], _contact_schema()
        )
        truth = pa.table(
            {
                "contact_id": [person.versions[0].Id for person in people],
                "household_id": [person.household_id for person in people],
                "duplicate": [person.duplicate for person in people],
                "created": [person.versions[0].CreatedDate for person in people],
            }
        )
        for table, made in (("made_versions", versions), ("made_truth", truth)):
            world.register("made", made)
            world.execute(f"INSERT INTO {table} FROM made" if number else f"CREATE TEMP TABLE {table} AS FROM made")
            world.unregister("made")
    world.execute(
        f"""
        CREATE TABLE contact AS
        SELECT made_versions.* EXCLUDE (valid_to), {sales.ACCOUNT_OF} AS AccountId,
            {sales.INDIVIDUAL_OF} AS IndividualId, valid_to
        FROM made_versions JOIN made_truth ON contact_id = Id
        ORDER BY SystemModstamp, Id
        """
    )
    world.execute("CREATE TABLE truth AS FROM made_truth ORDER BY household_id, contact_id")


def _contact_schema() -> "pa.Schema":
    """Said, not guessed: a column may be without a value in the first households."""
    import pyarrow as pa

    kinds: dict[Any, pa.DataType] = {bool: pa.bool_(), datetime: pa.timestamp("us"), date | None: pa.date32()}
    columns = [(field.name, kinds.get(field.type, pa.string())) for field in fields(Contact)]
    return pa.schema([*columns, ("valid_to", pa.timestamp("us"))])


def _products(world: duckdb.DuckDBPyConnection) -> None:
    world.execute(
        """
        CREATE TEMP TABLE product_number AS
        SELECT product_id, row_number() OVER (ORDER BY product_id) AS number
        FROM (SELECT product_id FROM source_products UNION SELECT product_id FROM source_transactions)
        """
    )
    world.execute(
        f"""
        CREATE TABLE product2 AS
        SELECT {ids.record_id_sql(ids.PRODUCT, "number")} AS Id,
            coalesce(product_type, product_category, department, 'Product ' || product_id) AS Name,
            product_id::VARCHAR AS ProductCode, department AS Family, brand AS Brand__c,
            product_category AS Product_Category__c, product_type AS Product_Type__c, package_size AS Package_Size__c,
            true AS IsActive, created AS CreatedDate, created AS SystemModstamp, false AS IsDeleted
        FROM (SELECT product_id,
                  date_trunc('day', min(transaction_timestamp)) - to_days((product_id % 300 + 1)::INTEGER) AS created
              FROM transactions GROUP BY product_id)
        JOIN product_number USING (product_id)
        LEFT JOIN products USING (product_id)
        ORDER BY SystemModstamp, Id
        """
    )


def _orders(world: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Orders and their lines. About a fifth of the orders of a household with a duplicate bill to the duplicate."""
    world.execute(
        f"""
        CREATE TABLE "order" AS
        SELECT {ids.record_id_sql(ids.ORDER, "number")} AS Id, basket_id::VARCHAR AS OrderNumber,
            CASE WHEN duplicate.created <= ordered_at
                  AND md5_number_lower(concat('{seed}-', basket_id)) % 4 = 0 THEN duplicate.contact_id
                 ELSE {ids.record_id_sql(ids.CONTACT, "basket.household_id")} END AS BillToContactId,
            ordered_at::DATE AS EffectiveDate, ordered_at AS Ordered_At__c, store_id::VARCHAR AS Store__c,
            total AS TotalAmount, 'Activated' AS Status, ordered_at AS CreatedDate, ordered_at AS SystemModstamp,
            false AS IsDeleted
        FROM basket
        LEFT JOIN (FROM truth WHERE duplicate <> '') AS duplicate USING (household_id)
        ORDER BY SystemModstamp, Id
        """
    )
    world.execute(
        f"""
        CREATE TABLE order_item AS
        SELECT {ids.record_id_sql(ids.ORDER_ITEM, "basket.number * 100000 + product_number.number")} AS Id,
            {ids.record_id_sql(ids.ORDER, "basket.number")} AS OrderId,
            {ids.record_id_sql(ids.PRODUCT, "product_number.number")} AS Product2Id,
            quantity::DOUBLE AS Quantity,
            round(sales_value / CASE WHEN quantity = 0 THEN 1 ELSE quantity END, 2) AS UnitPrice,
            sales_value AS TotalPrice, retail_disc AS Retail_Discount__c, coupon_disc AS Coupon_Discount__c,
            coupon_match_disc AS Coupon_Match_Discount__c, ordered_at AS CreatedDate, ordered_at AS SystemModstamp,
            false AS IsDeleted
        FROM transactions
        JOIN basket USING (basket_id)
        JOIN product_number USING (product_id)
        ORDER BY SystemModstamp, Id
        """
    )


def _campaigns(world: duckdb.DuckDBPyConnection) -> None:
    """Campaigns (planned, in progress, completed) and their members, whose stamp moves with each redemption."""
    world.execute(
        f"""
        CREATE TABLE campaign AS
        SELECT {ids.record_id_sql(ids.CAMPAIGN, "campaign_id")} AS Id,
            format('Campaign {{:02d}} ({{}})', campaign_id, campaign_type) AS Name, campaign_type AS Type,
            start_date::DATE AS StartDate, end_date::DATE AS EndDate, status AS Status,
            status = 'In Progress' AS IsActive, start_date - INTERVAL 14 DAY AS CreatedDate,
            moment AS SystemModstamp, false AS IsDeleted,
            lead(moment, 1, {NEVER}) OVER (PARTITION BY campaign_id ORDER BY moment) AS valid_to
        FROM (
            FROM campaign_descriptions
            CROSS JOIN (VALUES ('Planned'), ('In Progress'), ('Completed')) AS stages (status)
            SELECT *, CASE status WHEN 'Planned' THEN start_date - INTERVAL 14 DAY WHEN 'In Progress' THEN start_date
                      ELSE end_date + INTERVAL 1 DAY END AS moment
        )
        ORDER BY SystemModstamp, Id
        """
    )
    # Redemptions carry a day only; the hour is made up, the same for all coupons a household redeems that day.
    world.execute(
        f"""
        CREATE TABLE campaign_member AS
        SELECT {ids.record_id_sql(ids.CAMPAIGN_MEMBER, "campaign_id * 10000000 + household_id")} AS Id,
            {ids.record_id_sql(ids.CAMPAIGN, "campaign_id")} AS CampaignId,
            {ids.record_id_sql(ids.CONTACT, "household_id")} AS ContactId,
            CASE WHEN redeemed > 0 THEN 'Responded' ELSE 'Sent' END AS Status, redeemed > 0 AS HasResponded,
            CASE WHEN redeemed > 0 THEN first_redeemed::DATE END AS FirstRespondedDate,
            redeemed AS Redemptions__c, start_date AS CreatedDate, moment AS SystemModstamp, false AS IsDeleted,
            lead(moment, 1, {NEVER}) OVER (PARTITION BY campaign_id, household_id ORDER BY moment) AS valid_to
        FROM (
            SELECT *, min(moment) FILTER (redeemed > 0) OVER (PARTITION BY campaign_id, household_id) AS first_redeemed
            FROM (
                SELECT campaign_id, household_id, start_date, start_date AS moment, 0::DOUBLE AS redeemed
                FROM campaigns JOIN campaign_descriptions USING (campaign_id)
                UNION ALL
                SELECT campaign_id, household_id, start_date, moment,
                    sum(count(*)) OVER (PARTITION BY campaign_id, household_id ORDER BY moment)::DOUBLE AS redeemed
                FROM (SELECT *, redemption_date + to_hours(9 + (household_id % 12)::INTEGER) AS moment
                      FROM coupon_redemptions)
                JOIN campaign_descriptions USING (campaign_id)
                GROUP BY campaign_id, household_id, start_date, moment
            )
        )
        ORDER BY SystemModstamp, Id
        """
    )
