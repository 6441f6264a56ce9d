"""Links that are probable, by a model that was learnt (`probable.py`): pairs are found and weighed in SQL.

A pair's weight, in bits, is the prior's and what each field speaks for: log2(m / u) of the level it agrees on, and how
rare a value is that both have (Fellegi & Sunter 1969; as Splink's `predict` adds them up). Two records come out with
the same weight whenever they are compared, and with whom.
"""

from math import log2
from typing import TYPE_CHECKING, Any

from cohorte.identity.homes import own
from cohorte.identity.normalise import ATTRIBUTE

if TYPE_CHECKING:
    import duckdb

    from cohorte.identity.probable import Model

THRESHOLD = 0.95
"""Chosen without labels: below it, dirty records begin to join strangers."""
TELLING = ("birth_date", "street", "identifier")
"""A pair must agree, but for a slip, on one of these or an attribute of the person's own; or on both names and, with
the place counted once, be as likely. Where none of these is known of anybody, a name and a town are no person."""
NAMES = ("given_name", "surname")
PLACES = ("city", "postcode", "state")
"""What all people of a town agree on: one evidence, not three."""
SURE_OF = 0.95
"""Share of one person's records that are taken to agree exactly on a field of which nothing was learnt."""
SMALLEST = 1e-300
"""Probability that none is below, as logarithms want it."""
BITS_OF_UNLEARNT = (-5, 3, 10)
"""What the worst, the last but one and the best level speak for, where nothing was learnt (Splink's defaults)."""


def probable_links(
    connection: "duckdb.DuckDBPyConnection", people: str, model: "Model", *, changed: str | None = None
) -> "duckdb.DuckDBPyRelation":
    """Pairs at or above the threshold: a, b, probability, weights (JSON: bits by field; for, or against below 0).

    people: name of a table with one row a record, as `normalise` gives it. changed: name of a table of `record_id`;
    only pairs with one of them are looked for, which comes to the same as looking for all and leaving out the others.
    """
    connection.execute("create or replace temp table shares (field varchar, value varchar, share double)")
    shares = [(field, *pair) for field, values in model.frequencies.items() for pair in values.items()]
    if shares:
        fields, values, numbers = zip(*shares, strict=True)
        connection.execute(
            "insert into shares select unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::double[])",
            [list(fields), list(values), list(numbers)],
        )
    connection.execute(f"create or replace temp table pairs as {_pairs(people, model, changed)}")
    connection.execute(f"create or replace temp table weighed as {_weighed(people, model)}")
    weights = {field: f"weight_{field}" for field in model.fields}
    total = " + ".join([repr(_bits(model.settings["probability_two_random_records_match"])), *weights.values()])
    said = ", ".join(f"'{field}': round({weight}, 3)" for field, weight in weights.items())
    return connection.sql(
        f"""
        select a, b, 1 / (1 + power(2.0, -({total}))) as probability, to_json({{{said}}})::varchar as weights
        from weighed
        where ({total}) >= {_bits(THRESHOLD)!r} and {_is_a_person(total, weights, model)}
        """
    )


def _is_a_person(total: str, weights: dict[str, str], model: "Model") -> str:
    """That a pair, likely as it is, is neither two people of one home nor two of one name and town.

    Of one home are all who share a surname and an address; so what is a person's own must outweigh that
    (`Model.alone`).
    """
    owned = own(model.fields, model.rules)
    bits = " + ".join(weights[field] for field in owned) or "0"
    apart = f"({bits}) >= {_bits(THRESHOLD) - _bits(model.alone)!r}"
    telling = [f for f in model.fields if f in TELLING or (f.startswith(ATTRIBUTE) and f in owned)]
    ways = [f"{weights[field]} > 1" for field in telling]
    if telling and set(NAMES) <= set(model.fields):
        places = [f"greatest({weights[field]}, 0)" for field in PLACES if field in model.fields]
        once = f"({total}) - ({' + '.join(places)}) + greatest({', '.join(places)})" if places else total
        ways.append(" and ".join([*(f"{weights[name]} > 1" for name in NAMES), f"({once}) >= {_bits(THRESHOLD)!r}"]))
    return f"{apart} and ({' or '.join(ways) or 'false'})"


def _pairs(people: str, model: "Model", changed: str | None) -> str:
    """Pairs that agree on all of some rule, each once, the smaller id first."""
    left = f"(from {people} where record_id in (select record_id from {changed}))" if changed else people
    order = "<>" if changed else "<"
    rules = []
    for rule in model.rules:
        agree = " and ".join(f"{_of(part, 'l')} = {_of(part, 'r')}" for part in rule)
        rules.append(
            f"select least(l.record_id, r.record_id) as a, greatest(l.record_id, r.record_id) as b "
            f"from {left} as l inner join {people} as r on {agree} and l.record_id {order} r.record_id"
        )
    return " union ".join(rules)


def _of(part: str, side: str) -> str:
    """`surname` or `substr(surname, 1, 2)`, of one side."""
    return part.replace("substr(", f"substr({side}.") if part.startswith("substr(") else f"{side}.{part}"


def _weighed(people: str, model: "Model") -> str:
    """What each field of each pair speaks for, as `weight_<field>`."""
    both = ", ".join(f"l.{field} as {field}_l, r.{field} as {field}_r" for field in model.fields)
    columns = ", ".join(
        f"{_weight(comparison, model)} as weight_{comparison['output_column_name']}"
        for comparison in model.settings["comparisons"]
    )
    shares = " ".join(
        f"left join shares as share_{field} on share_{field}.field = '{field}' and share_{field}.value = {field}_l"
        for field in model.frequencies
    )
    return f"""
        with sides as (
            select a, b, {both}
            from pairs
            inner join {people} as l on l.record_id = a
            inner join {people} as r on r.record_id = b
        )
        select a, b, {columns} from sides {shares}
    """


def _weight(comparison: dict[str, Any], model: "Model") -> str:
    """The bits of one field, from the levels of Splink's settings: the first whose condition holds."""
    field = comparison["output_column_name"]
    cases = []
    for level in completed(comparison["comparison_levels"]):
        said = "0.0"
        if not level.get("is_null_level"):
            m, u = (max(level[f"{letter}_probability"], SMALLEST) for letter in "mu")
            said = f"{log2(m / u)!r}::double"  # a plain number would be a decimal, and overflow
            if level.get("tf_adjustment_column") in model.frequencies:
                said += f" + {log2(u)!r}::double - log2(coalesce(share_{field}.share, {model.rarest[field]!r}))"
        cases.append(
            f"else {said}" if level["sql_condition"] == "ELSE" else f"when {level['sql_condition']} then {said}"
        )
    return f"(case {' '.join(cases)} end)::double"


def completed(levels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Levels of one comparison, the best first, with the probabilities that training saw nothing of filled in.

    Where nobody is there twice, training takes strangers for one person. What it says of a field on which one person
    would agree less often than strangers is left out.
    """
    sure = next(level for level in levels if not level.get("is_null_level"))
    if sure.get("m_probability", 1) <= sure.get("u_probability", 0):
        levels = [{key: value for key, value in level.items() if key != "m_probability"} for level in levels]
    worst, poor, best = BITS_OF_UNLEARNT
    others = sum(not level.get("is_null_level") for level in levels) - 1
    found, rank = [], others  # 0 for the worst
    for level in levels:
        if level.get("is_null_level"):
            found.append(level)
            continue
        m = SURE_OF if rank == others else (1 - SURE_OF) / others
        bits = best if rank == others else worst + (poor - worst) * rank / max(others - 1, 1)
        found.append({"m_probability": m, "u_probability": m / 2**bits} | level)
        rank -= 1
    return found


def _bits(probability: float) -> float:
    return log2(probability / (1 - probability))
