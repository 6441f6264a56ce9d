"""Which records are the same person: one row per source record, with the customer's stable id."""


def model(dbt, session):
    import pandas as pd

    from cohorte.identity import assign_stable_ids, clusters_of
    from cohorte.identity.remembered import fingerprints
    from cohorte.remembered import as_it_is

    dbt.config(unique_key="record_id")
    records = dbt.ref("int_identity__record")
    (model_id,) = dbt.ref("int_identity__model").project("model_id").fetchone()
    prints = fingerprints(records, model_id).order("record_id").df()
    links = dbt.ref("int_identity__link").filter("cut is null").project("a, b, probability").df()
    clusters = clusters_of(prints["record_id"], links)
    before = as_it_is(session, dbt.this, "record_id", "customer_id")
    previous = pd.DataFrame({"record_id": [], "customer_id": []}, dtype="str") if before is None else before.df()
    customers = assign_stable_ids(previous, clusters)
    found = customers.merge(clusters[["record_id", "probability"]], on="record_id").merge(prints, on="record_id")
    # A relation is written by this very connection: a data frame would be by another, outside the transaction.
    return session.from_df(found)
