"""Links that are probable: misspelt and moved people, by the Fellegi–Sunter model of Splink, learnt without labels.

Source: Fellegi & Sunter 1969; https://moj-analytical-services.github.io/splink/
What is compared, and what is blocked on, follows from which kinds of columns hold anything.
"""

import logging
from typing import TYPE_CHECKING, Any

from cohorte.identity.normalise import ATTRIBUTE, attributes

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

THRESHOLD = 0.95
"""Chosen without labels: below it, dirty records begin to join strangers."""
ENOUGH = 200
"""Records; with fewer there is nothing to learn frequencies from, and only exact links are made."""
KNOWN_SHARE = 0.05
"""Part of the records that must have a value for it to be compared."""
PAIRS_A_RECORD = 40
"""Pairs a blocking rule may make for each record; a coarser rule is left out."""
SELECTIVE = 0.5
"""Different values over values from which a free attribute tells people apart by itself."""
COMPARED = ("given_name", "surname", "birth_date", "street", "city", "postcode", "state", "identifier")
"""E-mails and phones are not among them: who shares one is linked exactly, and slips in them are no evidence."""
BLOCKS: tuple[tuple[str, ...], ...] = (
    ("surname", "given_name"),
    ("surname", "postcode"),
    ("given_name", "postcode"),
    ("birth_date", "substr(given_name, 1, 1)"),
    ("birth_date", "substr(surname, 1, 2)"),
    ("birth_date", "postcode"),
    ("street", "postcode"),
    ("street", "city"),
    ("surname", "substr(street, 1, 8)"),
    ("given_name", "substr(street, 1, 8)"),
    ("surname", "city"),
    ("given_name", "city", "substr(birth_date, 1, 4)"),
    ("substr(birth_date, 1, 6)", "substr(street, 1, 6)"),
    ("substr(birth_date, 5, 4)", "postcode", "substr(surname, 1, 1)"),
    ("identifier",),
)
"""Pairs that agree on all of one of these are compared; a rule whose columns are not known is left out."""
TELLING = ("birth_date", "street", "identifier")
"""A pair must agree, but for a slip, on one of these or a free attribute: a name and a town, however rare, are no
person."""
VANISHED = "below the minimum allowed value"
"""How Splink says that a probability has become 0."""
WEIGHT = "weight_"
"""Prefix of the columns that say what each field spoke for (positive) or against (negative), in bits."""


def probable_links(people: "pd.DataFrame", *, learn_from: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    """Pairs (a, b, probability, weight_<field> …) at or above the threshold; none when there is too little to learn.

    people: one row a record, as `normalise` gives it. learn_from: the records the model is learnt from, when those are
    more. A weight is the base-2 logarithm of the Bayes factor.
    """
    import pandas as pd

    whole = people if learn_from is None else learn_from
    fields = _fields(whole)
    named = whole["given_name"].notna() | whole["surname"].notna()
    if len(whole) < ENOUGH or named.sum() < ENOUGH or len(fields) < 3:
        return pd.DataFrame({"a": [], "b": [], "probability": []}).astype(
            {"a": "str", "b": "str", "probability": "float64"}
        )
    return _predict(people, whole, fields)


def _fields(people: "pd.DataFrame") -> list[str]:
    known = [*COMPARED, *attributes(people)]
    return [f for f in known if people[f].notna().mean() >= KNOWN_SHARE and people[f].nunique() > 1]


def neighbours(fresh: "pd.DataFrame", known: "pd.DataFrame") -> set[str]:
    """Known records that some blocking rule would compare with a fresh one."""
    import duckdb
    import pandas as pd

    fields = _fields(pd.concat([fresh, known], ignore_index=True))
    found: set[str] = set()
    with duckdb.connect() as connection:
        everybody = _text(pd.concat([fresh, known], ignore_index=True), fields)
        rules = _rules(everybody, fields, connection)
        connection.register("fresh", _text(fresh, fields))
        connection.register("known", _text(known, fields))
        for rule in rules:
            key = ", ".join(rule)
            known_all = " and ".join(f"{part} is not null" for part in rule)
            rows = connection.execute(
                f"select record_id from known where {known_all} "
                f"and ({key}) in (select ({key}) from fresh where {known_all})"
            ).fetchall()
            found |= {record for (record,) in rows}
    return found


def _text(people: "pd.DataFrame", fields: list[str]) -> "pd.DataFrame":
    frame = people[["record_id", *fields]].sort_values("record_id")
    return frame.astype("str").where(frame.notna(), None)


def _predict(people: "pd.DataFrame", whole: "pd.DataFrame", fields: list[str]) -> "pd.DataFrame":
    import duckdb
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    with duckdb.connect(config={"threads": 1}) as connection:  # sums of floats come out the same only in one order
        frame = _text(whole, fields)
        rules = _rules(frame, fields, connection)
        if not rules:
            return probable_links(people.head(0))
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record_id",
            comparisons=_comparisons(fields),
            blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
            retain_intermediate_calculation_columns=True,
            retain_matching_columns=False,
        )
        database = DuckDBAPI(connection)
        linker = Linker(database.register(frame), settings, log_level=logging.ERROR)
        _train(linker, frame, fields, rules, connection)
        if len(people) < len(whole):
            learnt = linker.misc.save_model_to_json()
            linker = Linker(database.register(_text(people, fields)), learnt, log_level=logging.ERROR)
        pairs = linker.inference.predict(threshold_match_probability=THRESHOLD).as_pandas_dataframe()
    found = pairs.rename(columns={"record_id_l": "a", "record_id_r": "b", "match_probability": "probability"})
    names = ["a", "b", "probability"]
    for field in fields:
        found[WEIGHT + field] = found[f"mw_{field}"] + found.get(f"mw_tf_adj_{field}", 0.0)
        names.append(WEIGHT + field)
    telling = [name for name in names if name.removeprefix(WEIGHT) in TELLING or name.startswith(WEIGHT + ATTRIBUTE)]
    found = found[(found[telling] > 1).any(axis=1)]
    return found[names].sort_values(["a", "b"], ignore_index=True)


def _comparisons(fields: list[str]) -> list[Any]:
    """How each field is compared: names by Jaro–Winkler, codes and dates by slips, the rest exactly."""
    import splink.comparison_library as compare

    found: list[Any] = []
    for field in fields:
        if field in ("given_name", "surname"):
            similar = [0.9, 0.75] if field == "given_name" else [0.92, 0.8]
            found.append(compare.JaroWinklerAtThresholds(field, similar).configure(term_frequency_adjustments=True))
        elif field == "birth_date":
            found.append(compare.DamerauLevenshteinAtThresholds(field, [1, 2]))
        elif field == "street":
            found.append(compare.JaroWinklerAtThresholds(field, [0.93, 0.85]))
        elif field == "city":
            found.append(compare.JaroWinklerAtThresholds(field, [0.9]).configure(term_frequency_adjustments=True))
        elif field in ("postcode", "identifier"):
            found.append(compare.DamerauLevenshteinAtThresholds(field, [1]).configure(term_frequency_adjustments=True))
        elif field == "state":
            found.append(compare.ExactMatch(field).configure(term_frequency_adjustments=True))
        else:
            found.append(compare.JaroWinklerAtThresholds(field, [0.9]).configure(term_frequency_adjustments=True))
    return found


def _rules(frame: "pd.DataFrame", fields: list[str], connection: Any) -> list[tuple[str, ...]]:
    """The blocking rules whose columns are known and which do not pair everybody with everybody."""
    selective = [
        f for f in attributes(frame) if f in fields and frame[f].nunique() >= SELECTIVE * frame[f].notna().sum()
    ]
    possible = [rule for rule in BLOCKS if all(_column(part) in fields for part in rule)]
    possible += [(field,) for field in selective]
    return _feasible(possible, frame, connection)


def _feasible(possible: list[tuple[str, ...]], frame: "pd.DataFrame", connection: Any) -> list[tuple[str, ...]]:
    """Those that make some pairs, and not too many."""
    connection.register("records_to_block", frame)
    kept = []
    for rule in possible:
        known = " and ".join(f"{part} is not null" for part in rule)
        pairs = connection.execute(
            f"select coalesce(sum(n * (n - 1) / 2), 0) from (select count(*) as n from records_to_block "
            f"where {known} group by {', '.join(rule)})"
        ).fetchone()[0]
        if 0 < pairs <= PAIRS_A_RECORD * len(frame):
            kept.append(rule)
    connection.unregister("records_to_block")
    return kept


def _train(
    linker: Any, frame: "pd.DataFrame", fields: list[str], rules: list[tuple[str, ...]], connection: Any
) -> None:
    """How often fields agree by chance, by sampling; how often for one person, by expectation maximisation.

    Each round of the latter looks at pairs that agree on one thing, and learns of all others; so there are several.
    """
    from splink import block_on

    def usable(wanted: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
        return _feasible([rule for rule in wanted if set(rule) <= set(fields)], frame, connection)

    strict = usable((("given_name", "surname", "birth_date"), ("surname", "birth_date", "postcode"))) or rules[:2]
    linker.training.estimate_probability_two_random_records_match([block_on(*rule) for rule in strict], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    learnt_on = usable((("surname", "postcode"), ("birth_date",), ("given_name", "street")))[:3]
    for rule in learnt_on or rules[:2]:
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
        except ValueError as error:
            if VANISHED not in str(error):
                raise
            # No pair of this round shows some kind of slip, so its probability shrinks without end. Others may.
            log.info("identity: nothing is learnt from pairs that agree on %s: %s", " and ".join(rule), error)


def _column(part: str) -> str:
    return part.removeprefix("substr(").split(",")[0]
