"""What was brought back: return orders and their lines, drawn from the real purchases.

All of it is made up. Some households bring things back, most seldom do; of a basket it is a line or two, sooner
something for the bathroom than something to eat, one to three weeks after the purchase. Now and then a clerk enters a
return days later than it was taken in, and a few are cancelled. Over all, one line in two hundred comes back.
"""

import duckdb

from sandbox.world import ids

BRINGING = 0.24
"""Share of the baskets of those who bring back most, of which anything is brought back at all."""
USUAL, RATES = 0.05, {"DRUG GM": 0.2, "COSMETICS": 0.25, "NUTRITION": 0.15, "MEAT": 0.07}
"""Share of the lines of such a basket that come back, by department."""
NEVER_BACK = ("FUEL", "KIOSK-GAS", "COUPON", "MISCELLANEOUS")
REASONS = ("Not Satisfied", "Damaged", "Defective", "Wrong Item", "Other")
CANCELLED, LATE, PARTIAL = 0.05, 0.08, 0.3
"""Shares: of returns, cancelled and entered late; of returned lines with several units, of which one comes back."""
NEVER = "TIMESTAMP '9999-01-01'"


def build(world: duckdb.DuckDBPyConnection) -> None:
    """Make `return_order` (one row a version) and `return_order_line_item` from `basket`, `transactions`, `"order"`."""
    rate = " ".join(f"WHEN '{department}' THEN {share}" for department, share in RATES.items())
    world.execute(
        f"""
        CREATE TEMP TABLE returned AS
        SELECT basket_id, bringing.number, product_id, product_number.number AS product_number, quantity, sales_value,
            department, bringing.ordered_at
        FROM transactions
        JOIN (FROM basket WHERE dice('brings-back', basket_id) < {BRINGING} * dice('returner', household_id) ** 2)
            AS bringing USING (basket_id)
        JOIN product_number USING (product_id)
        LEFT JOIN products USING (product_id)
        WHERE sales_value > 0 AND quantity > 0 AND coalesce(department, '') NOT IN {NEVER_BACK}
            AND dice('returns', basket_id || '-' || product_id) < CASE department {rate} ELSE {USUAL} END
        """
    )
    world.execute(
        """
        CREATE TEMP TABLE bringing AS
        SELECT *, CASE WHEN dice('entered-late', basket_id) < ?
                       THEN returned + to_hours((10 + 60 * dice('late', basket_id))::INTEGER)
                       ELSE returned END AS entered
        FROM (SELECT basket_id, number,
                  date_trunc('day', ordered_at) + to_days((1 + 20 * dice('days', basket_id) ** 2)::INTEGER)
                  + to_seconds((9 * 3600 + 11 * 3600 * dice('hour', basket_id))::INTEGER) AS returned
              FROM (SELECT DISTINCT basket_id, number, ordered_at FROM returned))
        """,
        [LATE],
    )
    _return_orders(world)
    _lines(world)


def _return_orders(world: duckdb.DuckDBPyConnection) -> None:
    """Submitted when it was entered; closed, or cancelled, within five days."""
    world.execute(
        f"""
        CREATE TABLE return_order AS
        SELECT {ids.record_id_sql(ids.RETURN_ORDER, "number")} AS Id, 'R-' || basket_id AS ReturnOrderNumber,
            "order".Id AS OrderId, BillToContactId AS ContactId, stage AS Status, returned AS Returned_At__c,
            moment AS LastModifiedDate, entered AS CreatedDate, moment AS SystemModstamp, false AS IsDeleted,
            lead(moment, 1, {NEVER}) OVER (PARTITION BY number ORDER BY moment) AS valid_to
        FROM bringing
        JOIN "order" ON "order".Id = {ids.record_id_sql(ids.ORDER, "number")}
        JOIN (VALUES ('Submitted'), ('over')) AS stages (said) ON true
        CROSS JOIN LATERAL (
            SELECT CASE WHEN said = 'Submitted' THEN said
                        WHEN dice('cancelled', basket_id) < {CANCELLED} THEN 'Canceled' ELSE 'Closed' END AS stage,
                CASE WHEN said = 'Submitted' THEN entered
                     ELSE entered + to_hours((12 + 100 * dice('handled', basket_id))::INTEGER) END AS moment
        )
        ORDER BY SystemModstamp, Id
        """
    )


def _lines(world: duckdb.DuckDBPyConnection) -> None:
    listed = ", ".join(f"'{reason}'" for reason in REASONS)
    key = "basket_id || '-' || product_id"
    world.execute(
        f"""
        CREATE TABLE return_order_line_item AS
        SELECT {ids.record_id_sql(ids.RETURN_LINE, "number * 100000 + product_number")} AS Id,
            'R-' || basket_id || '-' || product_number AS ReturnOrderLineItemNumber,
            {ids.record_id_sql(ids.RETURN_ORDER, "number")} AS ReturnOrderId,
            {ids.record_id_sql(ids.ORDER_ITEM, "number * 100000 + product_number")} AS OrderItemId,
            {ids.record_id_sql(ids.PRODUCT, "product_number")} AS Product2Id, units AS QuantityReturned,
            [{listed}][1 + floor({len(REASONS)} * dice('reason', {key}))::INTEGER] AS ReasonForReturn,
            CASE WHEN department IN {tuple(RATES)[:2]} THEN 'Restock' ELSE 'Discard' END AS ProcessingPlan,
            round(sales_value * units / quantity, 2) AS TotalPrice, entered AS LastModifiedDate,
            entered AS CreatedDate, entered AS SystemModstamp, false AS IsDeleted
        FROM returned
        JOIN bringing USING (basket_id, number)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN quantity > 1 AND dice('partial', {key}) < {PARTIAL} THEN 1 ELSE quantity END::DOUBLE
                AS units
        )
        ORDER BY SystemModstamp, Id
        """
    )
