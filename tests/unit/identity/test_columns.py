"""Any columns, under any names, in any form: what they are compared as, and what is refused."""

import datetime as dt
import hashlib
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cohorte.identity import explain, link, resolve
from cohorte.identity.normalise import kind_of, normalise

MAIL = "ann@example.com"
PHONE = "+12025550143"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def one(value: Any, kind: str, region: str = "US") -> Any:
    records = pd.DataFrame({"id": ["1"], "it": pd.Series([value], dtype="object")})
    return normalise(records, {"it": kind}, "id", region)[kind].iloc[0]


def people(records: pd.DataFrame | pa.Table, columns: dict[str, str], **options: Any) -> list[list[str]]:
    clusters = resolve(records, columns=columns, **options)
    return sorted(sorted(members) for _, members in clusters.groupby("cluster_id")["record_id"])


@pytest.mark.parametrize(
    "value",
    [
        *(
            "1980-12-31",
            "19801231",
            19801231,
            19801231.0,
            "1980-12-31T00:00:00Z",
            "31.12.1980",
            "12/31/1980",
            "1980/12/31",
        ),
        *(dt.date(1980, 12, 31), dt.datetime(1980, 12, 31, 8), pd.Timestamp("1980-12-31"), np.datetime64("1980-12-31")),
    ],
)
def test_a_birth_date_in_any_form(value: Any) -> None:
    assert one(value, "birth_date") == "19801231"


def test_where_the_day_comes_first() -> None:
    assert one("3/4/1980", "birth_date", "US") == "19800304"
    assert one("3/4/1980", "birth_date", "DE") == "19800403"
    assert one("3.4.1980", "birth_date", "US") == "19800403"
    assert one("31/12/1980", "birth_date", "US") == one("12/31/1980", "birth_date", "DE") == "19801231"


@pytest.mark.parametrize("value", [None, np.nan, pd.NaT, pd.NA, "", "  ", "unknown", "1980", 0, "80-12-31"])
def test_what_is_no_birth_date_is_unknown(value: Any) -> None:
    assert one(value, "birth_date") is None


@pytest.mark.parametrize(("value", "kind", "expected"), [
    (45431.0, "postcode", "45431"),
    (2025550143, "phone", PHONE),
    (2025550143.0, "phone", PHONE),
    (" Ann@Example.com ", "e-mail", MAIL),
    (np.nan, "email", None),
    (7.5, "identifier", "7.5"),
    ("no hash", "email_sha256", None),
])  # fmt: skip
def test_numbers_are_what_they_look_like(value: Any, kind: str, expected: str | None) -> None:
    records = pd.DataFrame({"id": ["1"], "it": [value]})
    found = normalise(records, {"it": kind}, "id", "US")
    assert found[{"e-mail": "email"}.get(kind, kind)].iloc[0] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Иванов", "иванов"),
        ("王", "王"),
        ("Großmann", "grossmann"),
        ("Søren", "soren"),
        ("Łukasz", "lukasz"),
        ("É.", "e"),
    ],
)
def test_names_of_any_script(value: str, expected: str) -> None:
    assert one(value, "surname") == expected


@pytest.mark.parametrize("value", ["n/a", "none", "-", "@", "ann@"])
def test_what_is_no_email_is_nobodys(value: str) -> None:
    assert one(value, "email") is None


@pytest.mark.parametrize(
    ("said", "kind"), [("firstName", "given_name"), ("zipcode", "postcode"), ("address", "street"), ("club", "club")]
)
def test_kinds_as_they_are_written(said: str, kind: str) -> None:
    assert kind_of(said) == kind


def test_long_numbers_keep_their_last_digits_beside_missing_ones() -> None:
    records = pa.table({"record_id": ["1", "2", "3"], "card": pa.array([9007199254740993, 9007199254740992, None])})
    assert people(records, {"card": "identifier"}) == [["1"], ["2"], ["3"]]


@pytest.mark.parametrize("kind", ["email", "E-Mail", "e-mail address", "email_address"])
def test_kinds_go_by_several_names(kind: str) -> None:
    records = pd.DataFrame({"record_id": ["1", "2"], "kontakt": [MAIL, MAIL.upper()]})
    assert people(records, {"kontakt": kind}) == [["1", "2"]]


def test_free_attributes_of_like_names_are_not_mixed_up() -> None:
    records = pd.DataFrame({"id": ["1"], "a b": ["x"], "a_b": ["y"], "Größe": [[1, 2]]})
    found = normalise(records, {"a b": "attribute", "a_b": "club", "Größe": "attribute"}, "id", "US").iloc[0]
    assert found[["attribute_a_b", "attribute_a_b_2", "attribute_größe"]].tolist() == ["x", "y", "1 2"]


def test_a_hash_is_linked_with_the_address_it_is_of() -> None:
    records = pd.DataFrame(
        {
            "record_id": ["clear", "hashed", "capitals", "other", "nobody", "again"],
            "mail": [" Ann@Example.com", None, None, None, None, MAIL],
            "hash": [None, sha256(MAIL), sha256(MAIL).upper(), sha256("bob@example.com"), None, None],
        }
    )
    columns = {"mail": "email", "hash": "email_sha256"}
    assert people(records, columns) == [["again", "capitals", "clear", "hashed"], ["nobody"], ["other"]]
    links = link(records, columns=columns).links
    assert [step.because for step in explain(links, "clear", "hashed")] == ["they share the email_sha256"]
    assert [step.because for step in explain(links, "again", "clear")] == ["they share the email"]


@pytest.mark.parametrize("said", [PHONE, PHONE[1:]])
def test_a_hashed_phone_is_linked_with_and_without_its_plus(said: str) -> None:
    records = pd.DataFrame(
        {"record_id": ["1", "2", "3"], "tel": ["(202) 555-0143", None, None], "hash": [None, sha256(said), sha256("?")]}
    )
    assert people(records, {"tel": "phone", "hash": "phone_sha256"}) == [["1", "2"], ["3"]]


def test_ids_of_a_crm_are_told_apart_by_small_and_capital_letters() -> None:
    records = pd.DataFrame({"record_id": ["contact", "lead", "other"], "crm": ["003aB", " 003aB ", "003Ab"]})
    assert people(records, {"crm": "crm_id"}) == [["contact", "lead"], ["other"]]


def test_hashes_alone_link() -> None:
    records = pd.DataFrame({"record_id": ["1", "2"], "hash": [sha256(MAIL)] * 2})
    assert people(records, {"hash": "email_sha256"}) == [["1", "2"]]


@pytest.mark.parametrize("rows", [0, 1, 2])
@pytest.mark.parametrize("as_arrow", [False, True])
def test_few_records_and_empty_columns(rows: int, as_arrow: bool) -> None:
    frame = pd.DataFrame(
        {"record_id": ["1", "2"], "name": ["Ann Berg"] * 2, "mail": [None, None], "born": [None, np.nan]}
    )
    records: Any = frame.head(rows)
    if as_arrow:
        records = pa.Table.from_pandas(records, preserve_index=False)
    clusters = resolve(records, columns={"name": "full_name", "mail": "email", "born": "birth_date"})
    assert list(clusters.columns) == ["record_id", "cluster_id", "probability"]
    assert clusters["record_id"].tolist() == ["1", "2"][:rows]
    assert clusters["cluster_id"].tolist() == ["1", "2"][:rows]
    assert clusters.dtypes.astype(str).tolist() == ["str", "str", "float64"]


RECORDS = pd.DataFrame({"record_id": ["1", "2"], "mail": [MAIL, None]})
DATES = pd.DataFrame({"record_id": range(12), "born": [f"day {i}" for i in range(12)]})
COLUMNS = {"mail": "email"}


@pytest.mark.parametrize(
    ("records", "options", "error", "said"),
    [
        (RECORDS, {"columns": {"post": "email"}}, ValueError, "no column post; there are record_id, mail"),
        (RECORDS, {"columns": COLUMNS, "record_id": "id"}, ValueError, "no column id"),
        (RECORDS, {"columns": {}}, ValueError, "columns is empty: say which"),
        (RECORDS, {"columns": ["mail"]}, TypeError, "columns is a list. Give a dict"),
        (RECORDS, {"columns": COLUMNS, "region": "Germany"}, ValueError, "region 'Germany' is not known"),
        (RECORDS.to_dict("records"), {"columns": COLUMNS}, TypeError, "records are a list. Give a pandas frame"),
        (RECORDS.assign(record_id=["1", None]), {"columns": COLUMNS}, ValueError, "missing in 1 of 2 records. Every"),
        (RECORDS.assign(record_id="1"), {"columns": COLUMNS}, ValueError, "record_id is not unique, e.g. '1'. Every"),
        (pd.concat([RECORDS, RECORDS[["mail"]]], axis=1), {"columns": COLUMNS}, ValueError, "several columns mail"),
        (
            DATES,
            {"columns": {"born": "birth_date"}},
            ValueError,
            "born: none of its 12 values is a birth date, e.g. 'day",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_said(
    records: Any, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said.replace(".", r"\.")):
        resolve(records, **options)
