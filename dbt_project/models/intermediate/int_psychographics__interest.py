"""What customers care for: evidence texts matched to the taxonomy; one row per customer, kind and interest. Only
customers of whom something else is known than before are looked at anew."""

EVIDENCE = "evidence_id, customer_id, text, weight, known_at, is_category"
FOUND = "customer_id, kind, interest, score, evidence_id, texts, known_at, method"


def model(dbt, session):
    from cohorte.enrichment import reading, score_interests
    from cohorte.remembered import as_it_is

    dbt.config(unique_key=["customer_id", "kind", "interest"])
    evidence = dbt.ref("int_psychographics__evidence")
    # The order of a customer's texts decides nothing, so their hashes are added up.
    seen = evidence.aggregate(
        f"customer_id, '{reading()}:' || sum(hash({EVIDENCE})::hugeint)::varchar as seen", "customer_id"
    ).set_alias("seen")
    before = as_it_is(session, dbt.this, FOUND, "seen")
    due = evidence.set_alias("evidence")
    if before is not None:
        known = before.set_alias("known")
        same = seen.join(known.project("customer_id, seen").distinct().set_alias("known"), "customer_id, seen", "semi")
        due = due.join(same.set_alias("same"), "customer_id", "anti")
    found = session.from_df(score_interests(due.order("evidence_id").df())).set_alias("found")
    anew = found.join(seen, "customer_id").project(f"{FOUND}, seen")
    # A relation is written by this very connection: a data frame would be by another, outside the transaction.
    return anew if before is None else anew.union(known.join(same, "customer_id", "semi").project(f"{FOUND}, seen"))
