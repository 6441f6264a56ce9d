"""Links that are probable: misspelt and moved people, by the Fellegi–Sunter model of Splink, learnt without labels.

Source: Fellegi & Sunter 1969; https://moj-analytical-services.github.io/splink/
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

THRESHOLD = 0.95
"""Chosen without labels: below it, dirty records begin to join strangers (see docs of the method)."""
ENOUGH = 200
"""Records; with fewer there is nothing to learn frequencies from, and only exact links are made."""


def probable_links(people: "pd.DataFrame") -> "pd.DataFrame":
    """Pairs (a, b, probability) at or above the threshold; none when there is too little to learn from.

    A pair must agree on the birth date or on the street, or differ in it by a slip only: a name alone, however rare,
    is no person.
    """
    import pandas as pd

    nothing = pd.DataFrame(
        {"a": pd.Series(dtype="str"), "b": pd.Series(dtype="str"), "probability": pd.Series(dtype="float64")}
    )
    usable = people.dropna(subset=["given_name", "surname"])
    if len(usable) < ENOUGH or usable["birth_date"].notna().sum() + usable["street"].notna().sum() < ENOUGH:
        return nothing
    return _predict(usable)


def _predict(people: "pd.DataFrame") -> "pd.DataFrame":
    import logging

    import duckdb
    import splink.comparison_library as compare
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect(config={"threads": 1})  # sums of floats come out the same only in one order
    database = DuckDBAPI(connection)
    columns = ["record_id", "given_name", "surname", "birth_date", "street", "city", "postcode", "email", "phone"]
    table = database.register(
        people[columns].sort_values("record_id").astype("str").where(people[columns].notna(), None)
    )
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            compare.JaroWinklerAtThresholds("given_name", [0.9, 0.75]).configure(term_frequency_adjustments=True),
            compare.JaroWinklerAtThresholds("surname", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            compare.DamerauLevenshteinAtThresholds("birth_date", [1, 2]),
            compare.JaroWinklerAtThresholds("street", [0.93, 0.85]),
            compare.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("surname", "postcode"),
            block_on("birth_date", "substr(given_name, 1, 1)"),
            block_on("birth_date", "substr(surname, 1, 2)"),
            block_on("street", "postcode"),
            block_on("surname", "substr(street, 1, 8)"),
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
        additional_columns_to_retain=["given_name", "birth_date", "street"],
    )
    linker = Linker(table, settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("given_name", "surname", "postcode"), block_on("birth_date", "surname")], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("surname", "postcode"), block_on("birth_date")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=THRESHOLD).as_pandas_dataframe()
    connection.close()
    pairs = pairs.rename(columns={"record_id_l": "a", "record_id_r": "b", "match_probability": "probability"})
    return pairs[["a", "b", "probability"]].sort_values(["a", "b"], ignore_index=True)
