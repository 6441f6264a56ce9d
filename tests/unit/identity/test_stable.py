"""A person keeps the id, whatever comes, goes, merges or splits, in whatever order."""

import pandas as pd

from cohorte.identity import assign_stable_ids

NOBODY = pd.DataFrame({"record_id": [], "customer_id": []}).astype("str")


def clusters(**people: str) -> pd.DataFrame:
    """`ann="a b"`: records a and b are one person. A cluster is named by its smallest record."""
    rows = [(record, min(records.split())) for records in people.values() for record in records.split()]
    return pd.DataFrame(rows, columns=["record_id", "cluster_id"])


def ids(previous: pd.DataFrame, now: pd.DataFrame) -> dict[str, str]:
    return dict(assign_stable_ids(previous, now).itertuples(index=False))


def test_a_new_record_joins_and_the_id_stays_even_when_it_is_the_smallest() -> None:
    first = assign_stable_ids(NOBODY, clusters(ann="b c", bob="d"))
    before, after = dict(first.itertuples(index=False)), ids(first, clusters(ann="a b c", bob="d"))
    assert after["a"] == after["b"] == before["b"]
    assert after["d"] == before["d"]


def test_the_order_of_the_rows_does_not_matter() -> None:
    first = assign_stable_ids(NOBODY, clusters(ann="a b", bob="c d e"))
    now = clusters(both="a b c d e", new="f")
    assert ids(first, now) == ids(first[::-1], now[::-1])


def test_in_a_merge_the_id_with_more_records_lives_on() -> None:
    first = assign_stable_ids(NOBODY, clusters(ann="a", bob="b c"))
    before, after = dict(first.itertuples(index=False)), ids(first, clusters(both="a b c"))
    assert set(after.values()) == {before["b"]}


def test_in_a_split_the_larger_part_keeps_the_id_and_the_other_gets_one_nobody_has() -> None:
    first = assign_stable_ids(NOBODY, clusters(one="a b c"))
    before, after = dict(first.itertuples(index=False)), ids(first, clusters(small="a", large="b c"))
    assert after["b"] == after["c"] == before["a"]
    assert after["a"] != before["a"]
