"""People who share a home, a mailbox or a phone are not one person, and those who share nothing are nobody's copy."""

import random
from typing import Any

import pandas as pd
import pytest
from test_febrl import COLUMNS as FEBRL_COLUMNS
from test_febrl import f1, people  # noqa: F401

from cohorte.identity import resolve
from cohorte.identity.exact import PLACEHOLDER

COLUMNS = {
    "given_name": "given_name",
    "surname": "surname",
    "born": "birth_date",
    "street": "street",
    "suburb": "city",
    "postcode": "postcode",
}


def families(originals: pd.DataFrame, homes: int, copies: int) -> pd.DataFrame:
    """Homes of one to five people, who are there once or, with a slip in one field each time, several times."""
    dice = random.Random(1)
    names, addresses = originals["given_name"].dropna().tolist(), originals[["street", "suburb", "postcode"]].dropna()
    surnames = originals["surname"].dropna().tolist()
    rows: list[dict[str, Any]] = []
    for home in range(homes):
        shared = {"surname": dice.choice(surnames)} | addresses.iloc[home].to_dict()
        for member in range(dice.choice((1, 2, 3, 4, 5))):
            born = f"{dice.randrange(1940, 2005)}{dice.randrange(1, 13):02}{dice.randrange(1, 29):02}"
            person = shared | {"given_name": dice.choice(names), "born": born}
            for copy in range(dice.randint(1, copies)):
                row = dict(person)
                if copy:
                    field = dice.choice(list(row))
                    row[field] = dice.choice((None, row[field][:2] + "x" + row[field][3:]))
                row |= {"record_id": f"r{len(rows):05}", "truth": f"{home}-{member}", "home": f"{home}"}
                rows.append(row)
    return pd.DataFrame(rows)


def quality(clusters: pd.DataFrame, truth: pd.Series) -> tuple[float, float]:
    """Precision and recall of pairs. truth: by record id."""

    def pairs(groups: pd.Series) -> int:
        sizes = groups.value_counts()
        return int((sizes * (sizes - 1) // 2).sum())

    persons = clusters["record_id"].map(truth)
    both = pairs(persons + "|" + clusters["cluster_id"])
    return both / pairs(clusters["cluster_id"]), both / pairs(persons)


@pytest.fixture(scope="module")
def originals(people: pd.DataFrame) -> pd.DataFrame:  # noqa: F811
    return people[people["rec_id"].str.endswith("org")]


@pytest.mark.parametrize("shared", [{}, {"mail": "email"}, {"tel": "phone"}])
def test_a_family_is_not_one_person(originals: pd.DataFrame, shared: dict[str, str]) -> None:
    records = families(originals, homes=400, copies=3)
    home = records["home"].astype(int)
    records["mail"], records["tel"] = "home" + records["home"] + "@example.com", "202555" + (1000 + home).astype(str)
    clusters = resolve(records, columns=COLUMNS | shared)
    precision, recall = quality(clusters, records.set_index("record_id")["truth"])
    assert precision > (0.97 if "mail" not in shared else 0.75)  # a couple's mailbox is taken for one person's
    assert recall > 0.95


def test_nobody_is_linked_where_nobody_is_there_twice(originals: pd.DataFrame) -> None:
    columns = FEBRL_COLUMNS
    clusters = resolve(originals, columns=columns, record_id="rec_id")
    assert clusters["cluster_id"].nunique() >= len(originals) - 2
    alone = families(originals, homes=400, copies=1)
    clusters = resolve(alone, columns=COLUMNS)
    assert clusters["cluster_id"].nunique() > 0.98 * len(alone)


@pytest.mark.parametrize(
    ("without", "least"),
    [(("given_name", "surname"), 0.99), (("soc_sec_id",), 0.99), (("soc_sec_id", "date_of_birth"), 0.94)],
)
def test_columns_that_are_missing_cost_no_more_than_they_tell(
    people: pd.DataFrame,  # noqa: F811
    without: tuple[str, ...],
    least: float,
) -> None:
    columns = {column: kind for column, kind in FEBRL_COLUMNS.items() if column not in without}
    assert f1(resolve(people, columns=columns, record_id="rec_id")) > least


@pytest.mark.parametrize("kind", ["email", "phone", "identifier"])
def test_what_an_office_shares_links_those_of_one_name(kind: str) -> None:
    names = [("Ann", "Berg"), ("Anna", "Berg"), ("Ann", "Dahl"), ("Carl", "Berg"), ("Eve", "Falk"), (None, None)]
    records = pd.DataFrame(names, columns=["first", "last"]).assign(record_id=list("abcdef"), it="2025550143")
    if kind == "email":
        records["it"] = "office@example.com"
    assert len(records) < PLACEHOLDER
    clusters = resolve(records, columns={"first": "given_name", "last": "surname", "it": kind})
    assert clusters["cluster_id"].tolist() == list("aacdef")
