"""The links there are now, from those there were: only records that changed are compared, and only groups in which a
link came or went are looked through for links to cut. It comes to the same as linking all of them."""

from typing import TYPE_CHECKING

from cohorte.identity.compare import probable_links
from cohorte.identity.exact import exact_links
from cohorte.identity.graph import group
from cohorte.identity.resolution import ALIKE

if TYPE_CHECKING:
    import duckdb

    from cohorte.identity.probable import Model

LINK = "a, b, probability, because, weights"


def relink(
    connection: "duckdb.DuckDBPyConnection",
    records: "duckdb.DuckDBPyRelation",
    model: "Model | None",
    before: "duckdb.DuckDBPyRelation | None",
    compared: "duckdb.DuckDBPyRelation | None",
) -> "duckdb.DuckDBPyRelation":
    """All links: a, b, probability, because, weights, cut; as of `cohorte.identity.Resolution`.

    records: record_id, the kinds they are linked by in their normal form, and a fingerprint. before: what was answered
    before; compared: record_id and fingerprint of the records it was answered of, by the same model. None for nothing.
    """
    connection.register("given_records", records)
    connection.sql("create or replace temp table people as from given_records")
    connection.register("found", exact_links(connection, "people"))
    connection.sql("create or replace temp table links_now as from found")
    if before is None or compared is None:
        connection.sql(
            f"create or replace temp table links_before as select {LINK}, because as cut from links_now limit 0"
        )
        if model is not None:
            _add_probable(connection, model)
    else:
        connection.register("given_links", before)
        connection.register("given_compared", compared)
        connection.sql("create or replace temp table links_before as from given_links")
        connection.sql(
            "create or replace temp table changed as select record_id from people "
            "anti join given_compared using (record_id, fingerprint)"
        )
        connection.sql(
            f"insert into links_now select {LINK} from links_before where because = '{ALIKE}' "
            "and a in (select record_id from people anti join changed using (record_id)) "
            "and b in (select record_id from people anti join changed using (record_id))"
        )
        if model is not None and connection.sql("select 1 from changed limit 1").fetchone():
            _add_probable(connection, model, changed="changed")
    return _regrouped(connection)


def _add_probable(connection: "duckdb.DuckDBPyConnection", model: "Model", changed: str | None = None) -> None:
    connection.register("found", probable_links(connection, "people", model, changed=changed))
    connection.sql(f"insert into links_now select a, b, probability, '{ALIKE}', weights from found")


def _regrouped(connection: "duckdb.DuckDBPyConnection") -> "duckdb.DuckDBPyRelation":
    """links_now with what is cut, taken over from links_before where no link of the group came or went."""
    connection.sql(
        f"""
        create or replace temp table touched as
        with recursive differing as (
            (select {LINK} from links_now except select {LINK} from links_before)
            union all
            (select {LINK} from links_before except select {LINK} from links_now)
        ),
        edges as (select a as here, b as there from links_now union all select b, a from links_now),
        reached(record_id) as (
            select unnest([a, b]) from differing
            union
            select edges.there from reached inner join edges on edges.here = reached.record_id
        )
        from reached
        """
    )
    same = connection.sql("from links_before where a not in (from touched) and b not in (from touched)")
    if not connection.sql("select 1 from touched limit 1").fetchone():
        return same
    ids = connection.sql("select record_id from touched order by 1").df()["record_id"]
    links = connection.sql(f"select {LINK} from links_now where a in (from touched) order by because").df()
    connection.register("found", group(ids, links).links)
    return same.union(
        connection.sql(
            "select a::varchar as a, b::varchar as b, probability::double as probability, because::varchar as because, "
            "weights::varchar as weights, cut::varchar as cut from found"
        )
    )
