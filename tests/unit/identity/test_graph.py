"""From links to people: bridges are cut, too large groups taken apart, and nothing is lost."""

from itertools import combinations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorte.identity.graph import group


def frame(links: list[tuple[str, str, float]]) -> pd.DataFrame:
    rows = [(min(a, b), max(a, b), probability) for a, b, probability in links]
    return pd.DataFrame(rows, columns=["a", "b", "probability"])


def clique(names: str, probability: float = 1.0) -> list[tuple[str, str, float]]:
    return [(a, b, probability) for a, b in combinations(names, 2)]


def people(ids: str, links: list[tuple[str, str, float]], **options: int) -> set[str]:
    found = group(pd.Series(list(ids)), frame(links), **options).clusters
    return {"".join(sorted(members)) for _, members in found.groupby("cluster_id")["record_id"]}


def test_a_weak_bridge_between_two_groups_is_cut_and_reported() -> None:
    links = [*clique("abc"), *clique("def"), ("c", "d", 0.96)]
    assert people("abcdef", links) == {"abc", "def"}
    cut = group(pd.Series(list("abcdef")), frame(links)).links.dropna(subset="cut")
    assert cut[["a", "b"]].values.tolist() == [["c", "d"]]
    assert cut["cut"].iloc[0] == "the only link between groups of 3 and 3 records, and below 0.99"


def test_a_sure_link_a_second_way_and_a_single_record_are_not_cut() -> None:
    assert people("abcdef", [*clique("abc"), *clique("def"), ("c", "d", 0.995)]) == {"abcdef"}
    assert people("abcdef", [*clique("abc"), *clique("def"), ("c", "d", 0.96), ("b", "e", 0.96)]) == {"abcdef"}
    assert people("abcd", [*clique("abc"), ("c", "d", 0.96)]) == {"abcd"}


def test_a_group_too_large_is_asked_for_more() -> None:
    links = [*clique("abc", 0.9995), *clique("def", 0.9995), *[(a, b, 0.96) for a in "abc" for b in "def"]]
    assert people("abcdef", links) == {"abcdef"}
    assert people("abcdef", links, largest=4) == {"abc", "def"}
    assert group(pd.Series(list("abcdef")), frame(links), largest=4).links["cut"].notna().sum() == 9


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh"), st.sampled_from([0.95, 0.97, 0.99, 1.0])),
        max_size=14,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_the_order_does_not_matter_and_nobody_is_lost(links, random) -> None:  # type: ignore[no-untyped-def]
    links = [link for link in links if link[0] != link[1]]
    shuffled = random.sample(links, len(links))
    ids = pd.Series(list("abcdefgh"))
    first = group(ids, frame(links)).clusters
    again = group(ids, frame(shuffled)).clusters
    pd.testing.assert_frame_equal(first, again)
    assert first["record_id"].tolist() == list("abcdefgh")
    assert set(first["cluster_id"]) <= set(first["record_id"])
