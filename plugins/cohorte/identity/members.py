"""Whose a record is: customers as links make them, with the ids they had. Only changed groups are given ids."""

from typing import TYPE_CHECKING

from cohorte.identity.stable import assign_stable_ids

if TYPE_CHECKING:
    import duckdb


def members(
    connection: "duckdb.DuckDBPyConnection",
    records: "duckdb.DuckDBPyRelation",
    links: "duckdb.DuckDBPyRelation",
    before: "duckdb.DuckDBPyRelation | None",
) -> "duckdb.DuckDBPyRelation":
    """record_id, customer_id, probability (of the record's strongest link; 1 for a record alone), of every record.

    records: record_id. links: a, b, probability; all are followed. before: record_id and customer_id of the last run,
    None at first.
    """
    connection.register("given_records", records)
    connection.register("given_links", links)
    connection.sql(
        "create or replace temp table edges as "
        "select a, b, probability from given_links "
        "union all select b, a, probability from given_links"
    )
    _label(connection)
    connection.sql(
        """
        create or replace temp table clusters as
        select
            records.record_id,
            coalesce(labels.cluster_id, records.record_id) as cluster_id,
            coalesce(labels.probability, 1.0) as probability
        from given_records as records
        left join labels on labels.record_id = records.record_id
        """
    )
    if before is None:
        before = connection.sql("select record_id, record_id as customer_id from clusters limit 0")
    connection.register("given_before", before)
    connection.sql("create or replace temp table members_before as from given_before")
    connection.sql(
        """
        create or replace temp table kept as
        with sizes as (select customer_id, count(*) as records from members_before group by customer_id),
        same as (
            select clusters.cluster_id, min(known.customer_id) as customer_id, count(*) as records
            from clusters
            left join members_before as known on known.record_id = clusters.record_id
            group by clusters.cluster_id
            having count(known.customer_id) = count(*) and count(distinct known.customer_id) = 1
        )
        select same.cluster_id, same.customer_id
        from same
        inner join sizes on sizes.customer_id = same.customer_id and sizes.records = same.records
        """
    )
    kept = connection.sql(
        "select clusters.record_id, kept.customer_id, clusters.probability "
        "from clusters inner join kept using (cluster_id)"
    )
    if not connection.sql("select 1 from clusters anti join kept using (cluster_id) limit 1").fetchone():
        return kept
    changed = connection.sql(
        "select record_id, cluster_id from clusters anti join kept using (cluster_id) order by 1"
    ).df()
    previous = connection.sql("from members_before anti join kept using (customer_id) order by record_id").df()
    connection.register("assigned", assign_stable_ids(previous, changed, elsewhere=_ids_elsewhere(connection)))
    return kept.union(
        connection.sql(
            "select assigned.record_id::varchar as record_id, assigned.customer_id::varchar as customer_id, "
            "clusters.probability from assigned inner join clusters using (record_id)"
        )
    )


def _label(connection: "duckdb.DuckDBPyConnection") -> None:
    """`labels`: the smallest record id that can be reached from each record with a link, and its strongest link."""
    connection.sql(
        "create or replace temp table labels as "
        "select a as record_id, least(a, min(b)) as cluster_id, max(probability) as probability, true as has_moved "
        "from edges group by a"
    )
    while connection.sql("select 1 from labels where has_moved limit 1").fetchone():
        connection.sql(
            """
            create or replace temp table labels as
            select
                own.record_id,
                least(any_value(own.cluster_id), min(next_to.cluster_id)) as cluster_id,
                any_value(own.probability) as probability,
                min(next_to.cluster_id) < any_value(own.cluster_id) as has_moved
            from edges
            inner join labels as own on own.record_id = edges.a
            inner join labels as next_to on next_to.record_id = edges.b
            group by own.record_id
            """
        )


def _ids_elsewhere(connection: "duckdb.DuckDBPyConnection") -> set[str]:
    """Ids of the customers that are kept, where one of them is what a changed group might be called."""
    is_one = connection.sql(
        "select 1 from kept where customer_id in (select 'c_' || sha256(record_id)[:16] from clusters "
        "anti join kept using (cluster_id)) limit 1"
    ).fetchone()
    return {customer for (customer,) in connection.sql("select customer_id from kept").fetchall()} if is_one else set()
