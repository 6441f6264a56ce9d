"""Links that are exact: records that share an e-mail, a phone, an identifier or a CRM's id, found in SQL."""

from typing import TYPE_CHECKING

from cohorte.identity.normalise import HASHED

if TYPE_CHECKING:
    import duckdb

EXACT = {"crm_id": 1.0, "identifier": 1.0, "email": 0.99, "phone": 0.97, "email_sha256": 0.99, "phone_sha256": 0.97}
"""Kinds that link on equality, with how sure that makes us; people who are clearly different are left apart."""
PLACEHOLDER = 100
"""Records that share one value from which it is no person's."""
ALIKE_NAMES = 0.85
"""Jaro–Winkler similarity from which two names are taken for one."""


def exact_links(connection: "duckdb.DuckDBPyConnection", people: str) -> "duckdb.DuckDBPyRelation":
    """Pairs (a, b, probability, because, weights) that share an e-mail, phone, identifier or CRM id, or a hash.

    people: name of a table with one row a record, as `normalise` gives it; it need not have all kinds. What more than
    PLACEHOLDER records share (none@none.com, 000-0000) is nobody's, and links nobody.
    """
    kinds = [kind for kind in EXACT if kind in connection.table(people).columns]
    return connection.sql(" union all ".join(_sharing(people, kind, EXACT[kind]) for kind in kinds))


def _sharing(people: str, kind: str, probability: float) -> str:
    conditions = ["l.record_id < r.record_id", f"not {_differ()}"]
    if kind in HASHED:  # who says both in clear is linked by that
        conditions.append(f"(l.{HASHED[kind]} is null or r.{HASHED[kind]} is null)")
    if kind in ("phone", "phone_sha256"):
        conditions.append(_names_alike())
    return f"""
        select
            l.record_id as a,
            r.record_id as b,
            {probability}::double as probability,
            'they share the {kind}' as because,
            null::varchar as weights
        from {_shared(people, kind)} as l
        inner join {_shared(people, kind)} as r on l.{kind} = r.{kind} and {" and ".join(conditions)}
    """


def _shared(people: str, kind: str) -> str:
    values = (
        f"select {kind} from {people} where {kind} is not null group by all having count(*) between 2 and {PLACEHOLDER}"
    )
    return f"(from {people} where {kind} in ({values}))"


def _differ() -> str:
    """Clearly two people: birth dates and the beginnings of given names both known and both different."""
    born, named = "l.birth_date[:8] <> r.birth_date[:8]", "l.given_name[:1] <> r.given_name[:1]"
    return f"coalesce({born} and {named}, false)"


def _names_alike() -> str:
    """A phone is shared by families and passed on to strangers: it links only people whose names are alike.

    Surname or given name; a surname that is not known does not speak against.
    """
    alike = [
        f"coalesce(jaro_winkler_similarity(l.{name}, r.{name}), {unknown}) >= {ALIKE_NAMES}"
        for name, unknown in (("surname", 1), ("given_name", 0))
    ]
    return f"({' or '.join(alike)})"
