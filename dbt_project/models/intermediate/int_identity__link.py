"""Why records are one person: every link between two of them. Only records that changed are compared anew."""


def model(dbt, session):
    from cohorte.identity import RECORD_COLUMNS, Model, link
    from cohorte.identity.remembered import fingerprints
    from cohorte.remembered import as_it_is

    dbt.config(unique_key=["a", "b"])
    records = dbt.ref("int_identity__record")
    model_id, learnt = dbt.ref("int_identity__model").project("model_id, model").fetchone()
    before = as_it_is(session, dbt.this, "a", "b", "probability", "because", "weights", "cut")
    # What was compared is what the customers of the last run were made of.
    customers = f"{dbt.this.database}.{dbt.this.schema}.int_identity__customer"
    compared = as_it_is(session, customers, "record_id", "fingerprint")
    changed = ()
    if before is not None and compared is not None:
        now, then = fingerprints(records, model_id), compared
        changed = [record for (record,) in now.except_(then).project("record_id").fetchall()]
        gone = then.project("record_id").except_(now.project("record_id"))
        if not changed and gone.fetchone() is None:
            return before
        before = before.df()
    links = link(
        records.arrow().read_all(),
        columns=RECORD_COLUMNS,
        model=Model.from_json(learnt) if learnt else None,
        before=before if compared is not None else None,
        changed=changed,
    ).links
    # A relation is written by this very connection: a data frame would be by another, outside the transaction.
    return session.from_df(links).project(
        "a::varchar as a, b::varchar as b, probability::double as probability, because::varchar as because, "
        "weights::varchar as weights, cut::varchar as cut"
    )
