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
"""Jaro–Winkler similarity from which two names are taken for one; an initial is alike to the name."""
OF_ONE_PERSON = 2
"""Initials of given names one person may have (William, Bill); what more share is a family's, an office's, a filler."""
SLIPS = 2
"""Digits by which two birth dates may differ before they are two people's."""
BORN_APART = f"coalesce(damerau_levenshtein(l.birth_date, r.birth_date) > {SLIPS}, false)"
BORN_TOGETHER = "coalesce(damerau_levenshtein(l.birth_date, r.birth_date) <= 1, false)"


def exact_links(connection: "duckdb.DuckDBPyConnection", people: str) -> "duckdb.DuckDBPyRelation":
    """Pairs (a, b, probability, because, weights) that share an e-mail, phone, identifier or CRM id, or a hash.

    people: name of a table with one row a record, as `normalise` gives it; it need not have all kinds. What more than
    PLACEHOLDER records share (none@none.com, 000-0000) is nobody's, and links nobody.
    """
    kinds = [kind for kind in EXACT if kind in connection.table(people).columns]
    return connection.sql(" union all ".join(_sharing(people, kind, EXACT[kind]) for kind in kinds))


def _sharing(people: str, kind: str, probability: float) -> str:
    is_shared = kind.startswith(("email", "phone"))  # then a name that is not known does not outweigh a birth date
    clearly_two = f"{BORN_APART} and not {_alike('given_name', not is_shared)}"
    conditions = ["l.record_id < r.record_id", f"not ({clearly_two})"]
    if kind in HASHED:  # who says both in clear is linked by that
        conditions.append(f"(l.{HASHED[kind]} is null or r.{HASHED[kind]} is null)")
    if kind in ("identifier", "email", "email_sha256"):
        conditions.append(f"(not l.is_crowded or {_same_member()})")
    if kind in ("phone", "phone_sha256"):
        conditions.append(f"not {BORN_APART} and case when l.is_crowded then {_same_member()} else {_same_owner()} end")
    return f"""
        from (
            with shared as materialized ({_shared(people, kind)})
            select
                l.record_id as a,
                r.record_id as b,
                {probability}::double as probability,
                'they share the {kind}' as because,
                null::varchar as weights
            from shared as l
            inner join shared as r on l.{kind} = r.{kind} and {" and ".join(conditions)}
        )
    """


def _shared(people: str, kind: str) -> str:
    values = (
        f"select {kind}, count(distinct given_name[:1]) > {OF_ONE_PERSON} as is_crowded from {people} "
        f"where {kind} is not null group by all having count(*) between 2 and {PLACEHOLDER}"
    )
    return f"from {people} inner join ({values}) using ({kind})"


def _alike(name: str, unknown: bool) -> str:
    """Whether two names are taken for one. unknown: the answer where one of them is not known."""
    return (
        f"coalesce(jaro_winkler_similarity(l.{name}, r.{name}) >= {ALIKE_NAMES} "
        f"or starts_with(l.{name}, r.{name}) or starts_with(r.{name}, l.{name}), {unknown})"
    )


def _same_member() -> str:
    """Of the many at one e-mail or phone, the same."""
    return f"({_alike('surname', True)} and ({_alike('given_name', False)} or {BORN_TOGETHER}))"


def _same_owner() -> str:
    """A phone is shared by couples and passed on to strangers: it links people of one given name, or of one surname
    unless given names tell them apart."""
    unnamed = "l.given_name is null or r.given_name is null"
    return f"({_alike('given_name', False)} or ({_alike('surname', True)} and ({BORN_TOGETHER} or {unnamed})))"
