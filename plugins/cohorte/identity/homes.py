"""Who lives together: a surname and an address are a home's, and people of one home share them."""

from typing import TYPE_CHECKING, Any

from cohorte.identity.normalise import ATTRIBUTE

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

PERSONAL = ("given_name", "birth_date", "identifier")
"""What people of one home do not share; free attributes of (nearly) a value a person are counted with them."""
RECOGNISED = 0.8
"""Share of one person's pairs that are taken to agree, but for a slip, on something of the person's own; nicknames and
what is misspelt beyond recognition are the others."""
ALIKE_OWN = {
    "given_name": "jaro_winkler_similarity(l.given_name, r.given_name) >= 0.9",
    "birth_date": "damerau_levenshtein(l.birth_date, r.birth_date) <= 1",
    "identifier": "damerau_levenshtein(l.identifier, r.identifier) <= 1",
}


def own(
    fields: "list[str] | tuple[str, ...]", rules: "list[tuple[str, ...]] | tuple[tuple[str, ...], ...]"
) -> list[str]:
    """The fields that are a person's own: PERSONAL, and the attributes that are a blocking rule by themselves."""
    return [field for field in fields if field in PERSONAL or (field.startswith(ATTRIBUTE) and (field,) in rules)]


def alone(frame: "pd.DataFrame", own_fields: list[str], connection: "duckdb.DuckDBPyConnection") -> float:
    """How likely two records of one surname and street are one person, and not two who live together.

    By how many of such pairs agree on something of a person's own; 0.5 where there are none. frame: record_id, surname,
    street and the fields that are a person's own, as text.
    """
    if not own_fields:
        return 0.5
    known = " or ".join(f"(l.{field} is not null and r.{field} is not null)" for field in own_fields)
    alike = " or ".join(f"coalesce({ALIKE_OWN.get(field, f'l.{field} = r.{field}')}, false)" for field in own_fields)
    connection.register("at_home", frame)
    found: Any = connection.execute(
        f"select count(*), count(*) filter ({alike}) from at_home as l inner join at_home as r "
        f"on l.surname = r.surname and l.street = r.street and l.record_id < r.record_id where {known}"
    ).fetchone()
    connection.unregister("at_home")
    pairs, same = found
    return float((min(same / RECOGNISED, pairs) + 0.5) / (pairs + 1))  # never sure, and less so of few
