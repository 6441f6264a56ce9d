"""What customers care for: evidence texts matched to the taxonomy; one row per customer and interest."""


def model(dbt, session):
    from cohorte.enrichment import score_interests

    dbt.config(materialized="table")
    evidence = dbt.ref("int_psychographics__evidence").order("evidence_id").df()
    return score_interests(evidence)
