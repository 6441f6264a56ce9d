"""Why records are one person: every link between two of them. Only records that changed are compared anew."""


def model(dbt, session):
    from cohorte.identity import Model
    from cohorte.identity.relink import relink
    from cohorte.remembered import as_it_is

    dbt.config(materialized="incremental", unique_key=["a", "b", "because"])
    records = dbt.ref("int_identity__normal")
    model_id, learnt = dbt.ref("int_identity__model").project("model_id, model").fetchone()
    before = compared = None
    if dbt.is_incremental:
        before = as_it_is(session, dbt.this, "a", "b", "probability", "because", "weights", "cut")
        # What was compared is what the customers of the last run were made of.
        customers = f"{dbt.this.database}.{dbt.this.schema}.int_identity__customer"
        compared = as_it_is(session, customers, "record_id", "fingerprint")
    if compared is not None:  # by another model, nobody was
        compared = compared.filter(f"starts_with(fingerprint, '{model_id}:')")
        compared = compared.project(f"record_id, fingerprint[{len(model_id) + 2}:] as fingerprint")
    return relink(session, records, Model.from_json(learnt) if learnt else None, before, compared)
