"""What is worked out of a change comes to the same as what is worked out of everything."""

from collections.abc import Iterator

import duckdb
import pandas as pd
import pytest
from test_febrl import people  # noqa: F401

from cohorte.identity import RECORD_COLUMNS, assign_stable_ids, learn, link
from cohorte.identity.members import members
from cohorte.identity.relink import relink
from cohorte.identity.remembered import NORMAL_COLUMNS, normal_forms
from cohorte.identity.stable import new_id

LINK = ["a", "b", "probability", "because", "weights", "cut"]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def records(people: pd.DataFrame) -> pd.DataFrame:  # noqa: F811
    """Six hundred people of FEBRL4, some twice, with the columns of pii.int_identity__record; some share a phone."""
    number = people["rec_id"].str.extract(r"rec-(\d+)-")[0].astype(int)
    few = people[number < 600].reset_index(drop=True)
    return pd.DataFrame(
        {
            "record_id": few["rec_id"],
            "given_name": few["given_name"],
            "family_name": few["surname"],
            "birth_date": few["date_of_birth"],
            "email": few["rec_id"].str.extract(r"rec-(\d+)-")[0] + "@example.com",
            "phone": "202555" + (few.index % 400 + 1000).astype(str),
            "street": few["street"],
            "city": few["suburb"],
            "postal_code": few["postcode"],
            "identifier": few["soc_sec_id"],
            "crm_id": few["rec_id"].where(few.index % 5 == 0),
        }
    ).assign(email=lambda frame: frame["email"].where(frame.index % 3 == 0))


def sorted_links(links: pd.DataFrame) -> pd.DataFrame:
    plain = links[LINK].astype({"cut": "str", "weights": "str"}).fillna("")
    return plain.sort_values(["a", "b", "because"], ignore_index=True)


def test_normal_forms_links_and_customers_follow_what_changed(
    records: pd.DataFrame, connection: duckdb.DuckDBPyConnection
) -> None:
    model = learn(records, columns=RECORD_COLUMNS)
    assert model is not None
    new, gone = records["record_id"][5:25], records["record_id"][30:45]
    then = records[~records["record_id"].isin(new)].assign(
        family_name=lambda was: was["family_name"].where(was.index % 40 != 7, "of another name")
    )
    now = records[~records["record_id"].isin(gone)]

    connection.register("then", then)
    connection.register("now", now)
    connection.register("first", normal_forms(connection, connection.table("then"), None).df())
    first = connection.sql("from first")
    links = relink(connection, first, model, None, None).df()
    pd.testing.assert_frame_equal(
        sorted_links(links), sorted_links(link(then, columns=RECORD_COLUMNS, model=model).links)
    )
    connection.register("links", links)
    followed = connection.sql("select a, b, probability from links where cut is null")
    customers = members(connection, first, followed, None).df()

    changed = normal_forms(connection, connection.sql("from now"), first).df()
    assert set(changed["record_id"]) == {*new, *gone, *then["record_id"][then["family_name"] == "of another name"]}
    assert set(changed["record_id"][changed["fingerprint"].isna()]) == set(gone)
    known = changed[changed["fingerprint"].notna()]
    second = pd.concat([first.df()[lambda was: ~was["record_id"].isin(changed["record_id"])], known], ignore_index=True)
    anew = normal_forms(connection, connection.sql("from now"), None).df()
    by_id = {"by": "record_id", "ignore_index": True}
    pd.testing.assert_frame_equal(second.sort_values(**by_id), anew[list(NORMAL_COLUMNS)].sort_values(**by_id))

    connection.register("second", second)
    found = relink(
        connection,
        connection.sql("from second"),
        model,
        connection.sql("from links"),
        connection.sql("select record_id, fingerprint from first"),
    ).df()
    whole = link(now, columns=RECORD_COLUMNS, model=model)
    pd.testing.assert_frame_equal(sorted_links(found), sorted_links(whole.links))
    assert not sorted_links(found).equals(sorted_links(links))

    connection.register("found_links", found)
    connection.register("customers", customers)
    followed = connection.sql("select a, b, probability from found_links where cut is null")
    carried = members(connection, connection.sql("from second"), followed, connection.sql("from customers")).df()
    expected = assign_stable_ids(customers, whole.clusters).merge(whole.clusters[["record_id", "probability"]])
    pd.testing.assert_frame_equal(carried.sort_values(**by_id), expected.sort_values(**by_id), check_dtype=False)


def test_a_new_customer_does_not_take_an_id_that_lives_on(connection: duckdb.DuckDBPyConnection) -> None:
    """Record a gave b's customer its id, and left it: b keeps the id, and is not looked at again when a is back."""
    connection.sql("create table ids as select unnest(['a', 'b', 'c']) as record_id")
    connection.sql(
        f"create table held as select unnest(['b', 'c']) as record_id, unnest(['{new_id('a')}', 'c_c']) as customer_id"
    )
    connection.sql("create table no_links (a varchar, b varchar, probability double)")
    found = members(connection, connection.table("ids"), connection.table("no_links"), connection.table("held"))
    customers = dict(found.project("record_id, customer_id").fetchall())
    assert customers == {"a": new_id(new_id("a")), "b": new_id("a"), "c": "c_c"}
