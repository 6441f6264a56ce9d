"""What tells people apart, misspelt and moved ones too: the Fellegi–Sunter model, learnt without labels by Splink.

Source: Fellegi & Sunter 1969; https://moj-analytical-services.github.io/splink/
What is compared, and what is blocked on, follows from which kinds of columns hold anything.
"""

import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cohorte.identity.homes import alone, own
from cohorte.identity.normalise import ATTRIBUTE, attributes

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

ENOUGH = 200
"""Records; with fewer there is nothing to learn frequencies from, and only exact links are made."""
KNOWN_SHARE = 0.05
"""Part of the records that must have a value for it to be compared."""
PAIRS_A_RECORD = 40
"""Pairs a blocking rule may make for each record; a coarser rule is left out."""
SELECTIVE = 0.2
"""Different values over values from which a free attribute tells people apart by itself: five records may have one."""
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
HOMES_OF_ONE = 0.95
"""What `homes.alone` must say for records of one surname and postcode to be taken for one person's, to learn by."""
VANISHED = "below the minimum allowed value"
"""How Splink says that a probability has become 0."""
COMMON = 5
"""Records that share a value from which a model remembers how many; below, it says nothing of anybody."""
WEIGHED_BY_RARITY = ("given_name", "surname", "city", "postcode", "identifier", "state")
"""Fields, beside the free attributes, of which agreeing on a rare value says more than on a common one."""


@dataclass(frozen=True)
class Model:
    """What was learnt of some records; the same two records always come out of it with the same probability.

    settings: Splink's own, as JSON would hold them. rules: what pairs must agree on to be compared. frequencies: how
    common each value of a field is, for values that several people share; any other is as rare as can be. alone: how
    likely two records of one surname and street are one person, and not two of one home.
    """

    settings: dict[str, Any]
    fields: tuple[str, ...]
    rules: tuple[tuple[str, ...], ...]
    frequencies: dict[str, dict[str, float]]
    rarest: dict[str, float]
    records: int
    alone: float = 0.5

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Model":
        said = json.loads(text)
        rules = tuple(tuple(rule) for rule in said["rules"])
        return cls(**said | {"fields": tuple(said["fields"]), "rules": rules})

    @classmethod
    def is_whole(cls, text: str) -> bool:
        """Whether a model that was kept says all that one learnt today would."""
        return json.loads(text).keys() == cls.__dataclass_fields__.keys()


def learn(people: "pd.DataFrame") -> Model | None:
    """How often fields agree by chance and for one person, learnt without labels; None where there is too little.

    people: one row a record, as `normalise` gives it.
    """
    import duckdb
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    fields = _fields(people)
    told = people[fields].notna().any(axis=1)
    if told.sum() < ENOUGH or len(fields) < 3:
        return None
    logging.getLogger("splink").setLevel(logging.ERROR)
    with duckdb.connect(config={"threads": 1}) as connection:  # sums of floats come out the same only in one order
        frame = _text(people, fields)
        rules = _rules(frame, fields, connection)
        if not rules:
            return None
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record_id",
            comparisons=_comparisons(fields),
            blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
            retain_intermediate_calculation_columns=True,
            retain_matching_columns=False,
        )
        linker = Linker(DuckDBAPI(connection).register(frame), settings, log_level=logging.ERROR)
        at_home = {"surname", "street"} <= set(fields) and _feasible([("surname", "street")], frame, connection)
        one = alone(frame, own(fields, rules), connection) if at_home else 0.5
        _train(linker, frame, fields, rules, connection, one)
        learnt = linker.misc.save_model_to_json() | {"linker_uid": "cohorte"}  # Splink's is random
    frequencies, rarest = _frequencies(people, [f for f in fields if f in WEIGHED_BY_RARITY or f.startswith(ATTRIBUTE)])
    return Model(learnt, tuple(fields), tuple(rules), frequencies, rarest, len(people), one)


def _frequencies(people: "pd.DataFrame", fields: list[str]) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Shares of values by field, and the share of a value that one record has."""
    frequencies, rarest = {}, {}
    for field in fields:
        counts = people[field].value_counts()
        total = float(counts.sum())
        common = counts[counts >= COMMON].sort_index()
        frequencies[field] = {str(value): count / total for value, count in common.items()}
        rarest[field] = 1 / total
    return frequencies, rarest


def _fields(people: "pd.DataFrame") -> list[str]:
    known = [*COMPARED, *attributes(people)]
    return [f for f in known if people[f].notna().mean() >= KNOWN_SHARE and people[f].nunique() > 1]


def _text(people: "pd.DataFrame", fields: list[str]) -> "pd.DataFrame":
    frame = people[["record_id", *fields]].sort_values("record_id", ignore_index=True)
    return frame.astype("str").where(frame.notna(), None)


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
    linker: Any,
    frame: "pd.DataFrame",
    fields: list[str],
    rules: list[tuple[str, ...]],
    connection: Any,
    one: float,
) -> None:
    """How often fields agree by chance, by sampling; how often for one person, by expectation maximisation.

    Each round of the latter looks at pairs that agree on one thing, and learns of all others; so there are several.
    one: what `alone` says. Where families live together, a surname and a postcode are no person to learn by.
    """
    from splink import block_on

    def usable(wanted: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
        return _feasible([rule for rule in wanted if set(rule) <= set(fields)], frame, connection)

    strict = usable((("given_name", "surname", "birth_date"), ("surname", "birth_date", "postcode"))) or rules[:2]
    linker.training.estimate_probability_two_random_records_match([block_on(*rule) for rule in strict], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    first = ("surname", "postcode") if one >= HOMES_OF_ONE else ("given_name", "surname")
    learnt_on = usable((first, ("birth_date",), ("given_name", "street")))
    for rule in learnt_on or rules[:2]:
        before = linker._settings_obj.core_model_settings.copy()
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
        except ValueError as error:
            if VANISHED not in str(error):
                raise
            linker._settings_obj.core_model_settings = before  # Splink leaves them without what the round blocked on
            # No pair of this round shows some kind of slip, so its probability shrinks without end. Others may.
            log.info("identity: nothing is learnt from pairs that agree on %s: %s", " and ".join(rule), error)


def _column(part: str) -> str:
    return part.removeprefix("substr(").split(",")[0]
