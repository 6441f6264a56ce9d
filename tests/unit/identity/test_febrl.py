"""Known duplicates with errors: who is who, without having been told."""

import logging
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from cohorte.identity import Model, explain, learn, link, resolve
from cohorte.identity.compare import probable_links
from cohorte.identity.normalise import normalise

DATA = Path(__file__).parents[2] / "data" / "febrl4"
COLUMNS = {
    "given_name": "given_name",
    "surname": "surname",
    "date_of_birth": "birth_date",
    "street": "street",
    "suburb": "city",
    "postcode": "postcode",
    "state": "state",
    "soc_sec_id": "attribute",
}


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    parts = [pd.read_csv(DATA / f"dataset4{half}.csv", skipinitialspace=True, dtype=str) for half in "ab"]
    frame = pd.concat(parts, ignore_index=True).rename(columns=str.strip)
    street = (frame["street_number"].fillna("") + " " + frame["address_1"].fillna("")).str.strip()
    return frame.assign(street=street.where(street != ""))


def f1(clusters: pd.DataFrame) -> float:
    def pairs(groups: pd.Series) -> int:
        sizes = groups.value_counts()
        return int((sizes * (sizes - 1) // 2).sum())

    truth = clusters["record_id"].str.extract(r"rec-(\d+)-")[0]
    both = pairs(truth + "|" + clusters["cluster_id"])
    return 2 * both / (pairs(clusters["cluster_id"]) + pairs(truth))


def test_pairs_are_found(people: pd.DataFrame) -> None:
    clusters = resolve(people, columns=COLUMNS, record_id="rec_id")
    assert f1(clusters) >= 0.995
    assert clusters["record_id"].is_unique and len(clusters) == 10_000
    assert clusters["probability"].between(0.95, 1).all()


def test_new_changed_and_gone_records_come_to_the_same_as_all_anew(people: pd.DataFrame) -> None:
    model = learn(people, columns=COLUMNS, record_id="rec_id")
    assert model is not None and Model.from_json(model.to_json()) == model
    assert Model.is_whole(model.to_json()) and not Model.is_whole(model.to_json().replace('"alone"', '"aloof"'))
    new = people[people["rec_id"].str.endswith("dup-0")].sample(100, random_state=1)["rec_id"]
    gone = people[~people["rec_id"].isin(new)].sample(50, random_state=2)["rec_id"]
    changed = people[~people["rec_id"].isin([*new, *gone])].sample(50, random_state=3)["rec_id"]

    was = people[~people["rec_id"].isin(new)]
    was = was.assign(surname=was["surname"].where(~was["rec_id"].isin(changed), "of another name"))
    before = link(was, columns=COLUMNS, record_id="rec_id", model=model)
    now = people[~people["rec_id"].isin(gone)]
    found = link(now, columns=COLUMNS, record_id="rec_id", model=model, before=before.links, changed=[*new, *changed])
    anew = link(now, columns=COLUMNS, record_id="rec_id", model=model)
    pd.testing.assert_frame_equal(found.links, anew.links)
    pd.testing.assert_frame_equal(found.clusters, anew.clusters)
    assert len(before.links) < len(anew.links)


def test_a_probable_link_says_what_each_field_speaks_for(people: pd.DataFrame) -> None:
    number = people["rec_id"].str.extract(r"rec-(\d+)-")[0].astype(int)
    few = people[number < 400]
    model = learn(few, columns=COLUMNS, record_id="rec_id")
    resolution = link(few, columns=COLUMNS, record_id="rec_id", model=model)
    shuffled = few.sample(frac=1, random_state=1)
    assert learn(shuffled, columns=COLUMNS, record_id="rec_id") == model
    shuffled = link(shuffled, columns=COLUMNS, record_id="rec_id", model=model)
    pd.testing.assert_frame_equal(resolution.clusters, shuffled.clusters)
    linked = resolution.links.iloc[0]
    (step,) = explain(resolution.links, linked["a"], linked["b"])
    assert step.because == "they are alike" and step.probability >= 0.95
    assert {"surname", "birth_date", "street", "postcode"} <= set(step.weights)
    assert sum(step.weights.values()) > 0


def test_pairs_weigh_what_splink_makes_them_weigh(people: pd.DataFrame) -> None:
    from splink import DuckDBAPI, Linker

    few = people[people["rec_id"].str.extract(r"rec-(\d+)-")[0].astype(int) < 600]
    model = learn(few, columns=COLUMNS, record_id="rec_id")
    assert model is not None
    plain = normalise(few, COLUMNS, "rec_id", "US")
    with duckdb.connect() as connection:
        connection.execute("create table people as select columns(*)::varchar from plain")
        ours = probable_links(connection, "people", model).df().set_index(["a", "b"]).sort_index()
        logging.getLogger("splink").setLevel(logging.ERROR)
        database = DuckDBAPI(connection)
        linker = Linker(database.register(plain[["record_id", *model.fields]]), model.settings, log_level=logging.ERROR)
        for field, shares in model.frequencies.items():
            values = pd.Series(plain[field].dropna().unique())
            share = values.map(shares).astype("float64").fillna(model.rarest[field])
            table = database.register(pd.DataFrame({field: values, f"tf_{field}": share}))
            linker.table_management.register_term_frequency_lookup(table, field)
        pairs = linker.inference.predict(threshold_match_probability=0.95)
        theirs = connection.execute(
            f"select least(record_id_l, record_id_r) as a, greatest(record_id_l, record_id_r) as b, match_probability "
            f"from {pairs.physical_name}"
        ).df()
    theirs = theirs.set_index(["a", "b"]).sort_index()["match_probability"]
    assert len(ours) > 300
    # We ask for more: one field at least that tells people apart.
    pd.testing.assert_series_equal(ours["probability"], theirs.reindex(ours.index), check_names=False, rtol=1e-9)
    assert len(theirs) - len(ours) < 0.05 * len(ours)
