"""Which records are the same person: one row per source record, with the customer's stable id."""


def model(dbt, session):
    from cohorte.identity import RECORD_COLUMNS, assign_stable_ids, resolve

    dbt.config(materialized="table")
    records = dbt.ref("int_identity__record").order("record_id").arrow().read_all()
    clusters = resolve(records, columns=RECORD_COLUMNS, record_id="record_id")
    customers = assign_stable_ids(_previous(dbt, session), clusters)
    # A relation is written by this very connection: a data frame would be by another, outside the transaction.
    return session.from_df(customers.merge(clusters[["record_id", "probability"]], on="record_id"))


def _previous(dbt, session):
    """What the last run said, so that ids carry on; empty on the first run."""
    import pandas as pd

    found = session.execute(
        "select count(*) from duckdb_tables() where database_name = ? and schema_name = ? and table_name = ?",
        [dbt.this.database, dbt.this.schema, dbt.this.identifier],
    ).fetchone()[0]
    if not found:
        return pd.DataFrame({"record_id": pd.Series(dtype="str"), "customer_id": pd.Series(dtype="str")})
    return session.execute(f"select record_id, customer_id from {dbt.this}").df()
