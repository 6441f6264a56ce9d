"""Which records are the same person: one row per source record, with the customer's stable id."""


def model(dbt, session):
    from cohorte.identity.members import members
    from cohorte.remembered import as_it_is, show

    dbt.config(
        materialized="incremental",
        unique_key="record_id",
        incremental_strategy="mirror_part",
        meta={"part": "record_id", "gone": "customer_id"},
    )
    records = dbt.ref("int_identity__normal")
    (model_id,) = dbt.ref("int_identity__model").project("model_id").fetchone()
    links = dbt.ref("int_identity__link").filter("cut is null").project("a, b, probability")
    # Over a rebuild, too: ids last.
    before = as_it_is(session, dbt.this, "record_id", "customer_id", "probability", "fingerprint")
    show(session, found=members(session, records, links, before), records=records)
    now = session.sql(
        "select found.record_id, found.customer_id, found.probability, "
        f"'{model_id}:' || records.fingerprint as fingerprint from found inner join records using (record_id)"
    )
    if before is None or not dbt.is_incremental:
        return now
    show(session, before=before)
    nothing = "null::varchar, null::double, null::varchar"
    gone = f"select record_id, {nothing} from before anti join records using (record_id)"
    return now.except_(before).union(session.sql(gone))
