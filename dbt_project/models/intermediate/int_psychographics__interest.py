"""What people care for: evidence texts matched to the taxonomy; one row per record and interest."""


def model(dbt, session):
    from cohorte.enrichment import score_interests

    dbt.config(materialized="table")
    evidence = dbt.ref("int_psychographics__evidence").order("evidence_id").df()
    # A relation is written by this very connection: a data frame would be by another, outside the transaction.
    return session.from_df(score_interests(evidence))
