"""What people care for: evidence texts matched to the taxonomy; one row per record and what a text of it tells, or one
that says it tells nothing. Only records of which something else is known than before are looked at anew."""

EVIDENCE = "evidence_id, record_id, text, weight, known_at, is_category"
FOUND = "record_id, kind, interest, evidence_id, strength, known_at, method"


def model(dbt, session):
    from cohorte.enrichment import reading, tellings
    from cohorte.enrichment.similarity import best_method
    from cohorte.remembered import as_it_is, show

    dbt.config(
        materialized="incremental",
        unique_key=["record_id", "kind", "interest", "evidence_id"],
        incremental_strategy="mirror_part",
        meta={"part": "record_id", "gone": "interest"},
    )
    evidence = dbt.ref("int_psychographics__evidence")
    # The order of a record's texts decides nothing, so their hashes are added up.
    seen = evidence.aggregate(
        f"record_id, '{reading()}:' || sum(hash({EVIDENCE})::hugeint)::varchar as seen", "record_id"
    )
    before = as_it_is(session, dbt.this, FOUND, "seen") if dbt.is_incremental else None
    known = seen.limit(0) if before is None else before.project("record_id, seen").distinct()
    show(session, evidence=evidence, seen=seen, known=known)
    session.sql("create or replace temp table due as from seen anti join known using (record_id, seen)")
    session.sql(f"create or replace temp table told as select {EVIDENCE} from evidence semi join due using (record_id)")
    show(session, interests=tellings(session, "told"))
    session.sql(
        f"create or replace temp table anew as select {FOUND}, seen from interests inner join due using (record_id)"
    )
    silent = session.sql(
        f"""
        select record_id, 'none', '', '', 0.0, null, '{best_method()}', seen
        from due
        where record_id not in (select record_id from anew)
        """
    )
    gone = session.sql(
        f"""
        select record_id, {", ".join(f"null as {column}" for column in FOUND.split(", ")[1:])}, null as seen
        from known
        where record_id not in (select record_id from seen)
        """
    )
    return session.sql("from anew").union(silent).union(gone)
