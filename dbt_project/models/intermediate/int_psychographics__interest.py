"""What people care for: evidence texts matched to the taxonomy; one row per record, kind and interest. Only records of
which something else is known than before are looked at anew."""

EVIDENCE = "evidence_id, record_id, text, weight, known_at, is_category"
FOUND = "record_id, kind, interest, score, evidence_id, texts, known_at, method"


def model(dbt, session):
    from cohorte.enrichment import reading, score_interests
    from cohorte.remembered import as_it_is

    dbt.config(unique_key=["record_id", "kind", "interest"])
    evidence = dbt.ref("int_psychographics__evidence")
    # The order of a record's texts decides nothing, so their hashes are added up.
    seen = evidence.aggregate(
        f"record_id, '{reading()}:' || sum(hash({EVIDENCE})::hugeint)::varchar as seen", "record_id"
    ).set_alias("seen")
    before = as_it_is(session, dbt.this, FOUND, "seen")
    due = evidence.set_alias("evidence")
    if before is not None:
        known = before.set_alias("known")
        same = seen.join(known.project("record_id, seen").distinct().set_alias("known"), "record_id, seen", "semi")
        due = due.join(same.set_alias("same"), "record_id", "anti")
    found = session.from_df(score_interests(due.order("evidence_id").df())).set_alias("found")
    anew = found.join(seen, "record_id").project(f"{FOUND}, seen")
    # A relation is written by this very connection: a data frame would be by another, outside the transaction.
    return anew if before is None else anew.union(known.join(same, "record_id", "semi").project(f"{FOUND}, seen"))
