"""What texts mean, matched to the taxonomy; one row per text and interest or value it tells, or one that says it tells
nothing. A text is read once, whoever says it and however often, until the taxonomy or the way of reading is another."""


def model(dbt, session):
    from cohorte.enrichment import meanings, reading
    from cohorte.remembered import as_it_is, show

    dbt.config(
        materialized="incremental",
        unique_key=["text_id", "kind", "interest"],
        incremental_strategy="mirror_part",
        meta={"part": "text_id", "gone": "interest"},
    )
    read_by = reading()
    session.sql(f"create or replace temp table texts as {dbt.ref('int_psychographics__text').sql_query()}")
    before = as_it_is(session, dbt.this, "text_id", "read_by") if dbt.is_incremental else None
    nothing = session.sql("select null::varchar as text_id, null::varchar as read_by limit 0")
    show(session, known=nothing if before is None else before)
    due = session.sql(f"from texts anti join (from known where read_by = '{read_by}') using (text_id)")
    gone = session.sql(
        """
        select distinct
            text_id,
            null::varchar as kind,
            null::varchar as interest,
            null::double as similarity,
            null::varchar as method,
            null::varchar as read_by
        from known anti join texts using (text_id)
        """
    )
    if not due.limit(1).fetchone():
        return gone
    show(session, meant=meanings(due.order("text_id").df()))
    return session.sql(f"select *, '{read_by}' as read_by from meant").union(gone)
