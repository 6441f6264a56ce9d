"""What tells people apart, as it was learnt: one row, kept from build to build, and over a rebuild, until the records
have grown by half, or more can be learnt. While it lasts, a pair of records is compared once."""

GROWN = 1.5


def model(dbt, session):
    from cohorte.identity import RECORD_COLUMNS, Model, learn
    from cohorte.remembered import as_it_is

    dbt.config(materialized="incremental", unique_key="model_id")
    records = dbt.ref("int_identity__record")
    known = as_it_is(session, dbt.this, "model_id", "records", "model")
    if known is not None:
        learnt_from, said = known.aggregate("max(records), max(model)").fetchone()
        if learnt_from and Model.is_whole(said) and records.shape[0] < GROWN * learnt_from:
            return known
    import hashlib

    import pandas as pd

    learnt = learn(records.order("record_id").arrow().read_all(), columns=RECORD_COLUMNS)
    said = learnt.to_json() if learnt else ""
    row = {
        "model_id": hashlib.sha256(said.encode()).hexdigest()[:16],
        "records": learnt.records if learnt else 0,
        "model": said,
    }
    # A relation is written by this very connection: a data frame would be by another, outside the transaction.
    return session.from_df(pd.DataFrame([row]))
