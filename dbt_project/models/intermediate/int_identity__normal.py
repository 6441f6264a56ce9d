"""Every record in the form it is compared in. Only those that are new, or say something else, are put into it."""


def model(dbt, session):
    from cohorte.identity.remembered import NORMAL_COLUMNS, normal_forms
    from cohorte.remembered import as_it_is

    dbt.config(
        materialized="incremental",
        schema="pii",
        unique_key="record_id",
        incremental_strategy="mirror_part",
        meta={"part": "record_id", "gone": "fingerprint"},
    )
    before = as_it_is(session, dbt.this, *NORMAL_COLUMNS) if dbt.is_incremental else None
    return normal_forms(session, dbt.ref("int_identity__record"), before)
