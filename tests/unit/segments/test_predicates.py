"""A SELECT taken apart: each predicate, with the values of one customer."""

from collections.abc import Iterator
from typing import Any

import pytest

from cohorte.lake import Lake
from cohorte.segments.predicates import HIDDEN, Predicate, explain


@pytest.fixture(scope="module")
def base(lake: Lake) -> Lake:
    lake.execute("""create table features.customer_latest as from (values
        ('c1', 30, 2.5, ['wine', 'pets'], true), ('c2', 40, 1.0, ['pets'], true), ('c3', null, 3.0, [], false)
    ) as t(customer_id, age, orders_per_month, interests, is_mailable)""")
    lake.execute("create table marts.dim_customer as select customer_id from features.customer_latest")
    lake.execute("create table pii.dim_contact as select customer_id, 'x@example.com' as email from marts.dim_customer")
    lake.execute("""insert into ml.score values
        ('c1', 'coupon_propensity', '3', 0.8, 'high', '[]', date '2017-11-30', now()),
        ('c1', 'customer_clusters', '1', 0.9, 'pantry', '[]', date '2017-11-30', now())""")
    return lake


@pytest.fixture
def ask(base: Lake) -> Iterator[Any]:
    """explain() of a SELECT, as if it were a segment."""
    made = []

    def call(query: str, customer: str, *, name: str = "tried", only: str | None = None) -> list[Predicate]:
        base.execute(f"create or replace view segments.seg_{name} as {query}")
        made.append(name)
        return explain(only or name, f"seg_{name}", customer, lake=base)

    yield call
    for name in set(made):
        base.execute(f"drop view segments.seg_{name}")


def said(found: list[Predicate]) -> list[tuple[str, bool | None, dict[str, Any]]]:
    return [(p.text, p.is_met, p.values) for p in found]


RULE = """select customer_id from lake.features.customer_latest
    where age between 25 and 35 and (orders_per_month > 2 or is_mailable) and list_contains(interests, 'wine')"""


def test_each_conjunct_comes_with_its_values(ask: Any) -> None:
    assert said(ask(RULE, "c1")) == [
        ("age BETWEEN 25 AND 35", True, {"age": 30}),
        ("(orders_per_month > 2) OR is_mailable", True, {"orders_per_month": 2.5, "is_mailable": True}),
        ("list_contains(interests, 'wine')", True, {"interests": ["wine", "pets"]}),
    ]
    assert [p.is_met for p in ask(RULE, "c2")] == [False, True, False]


def test_what_is_not_known_is_neither_met_nor_missed(ask: Any) -> None:
    assert said(ask(RULE, "c3"))[0] == ("age BETWEEN 25 AND 35", None, {"age": None})


def test_who_is_in_no_relation_misses_it(ask: Any) -> None:
    found = ask("select customer_id from lake.features.customer_latest where age > 1", "c9")
    assert said(found) == [("in customer_latest", False, {}), ("age > 1", None, {"age": None})]


def test_a_segment_built_on_another_explains_both(ask: Any) -> None:
    ask("select customer_id from lake.features.customer_latest where age < 35", "c1", name="young")
    join = """select customer_id from lake.segments.seg_young
        inner join lake.features.customer_latest using (customer_id) where is_mailable"""
    assert [(p.of, p.text, p.is_met) for p in ask(join, "c2")] == [
        ("young", "age < 35", False),
        ("tried", "in young", False),
        ("tried", "is_mailable", True),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "with young as ({0}) select customer_id from young inner join {1} as f using (customer_id) where f.is_mailable",
        "select y.customer_id from ({0}) as y left join {1} as f on f.customer_id = y.customer_id where f.is_mailable",
    ],
    ids=["cte", "subquery"],
)
def test_ctes_and_subqueries_are_explained_too(ask: Any, query: str) -> None:
    inner = "select customer_id from lake.features.customer_latest where age < 35"
    found = ask(query.format(inner, "lake.features.customer_latest"), "c2")
    assert [p.is_met for p in found] == [False, False, True]
    assert found[0].text == "age < 35"


def test_the_row_that_comes_nearest_is_the_one_shown(ask: Any) -> None:
    """A customer has a row a model: the one asked for counts, not the other."""
    query = "select customer_id from lake.ml.score where model = 'coupon_propensity' and label = 'low'"
    assert said(ask(query, "c1")) == [
        ("model = 'coupon_propensity'", True, {"model": "coupon_propensity"}),
        ("label = 'low'", False, {"label": "high"}),
    ]


def test_of_a_model_with_several_segments_one_is_asked_for(ask: Any) -> None:
    query = "select 'cluster_' || label as segment, customer_id from lake.ml.score where model = 'customer_clusters'"
    found = ask(query, "c1", name="clusters", only="cluster_fresh")
    assert [(p.is_met, p.values) for p in found][-1] == (False, {"label": "pantry"})
    assert ask(query, "c1", name="clusters", only="cluster_pantry")[-1].is_met


def test_a_union_is_explained_side_by_side(ask: Any) -> None:
    found = ask(
        "select customer_id from lake.features.customer_latest where age > 35 "
        "union all select customer_id from lake.features.customer_latest where is_mailable",
        "c1",
    )
    assert [(p.of, p.is_met) for p in found] == [("tried, either 1", False), ("tried, either 2", True)]


@pytest.mark.parametrize(
    "query",
    [
        "select customer_id from lake.features.customer_latest group by customer_id having max(age) > 35",
        "select customer_id from lake.features.customer_latest qualify row_number() over (order by age desc) = 1",
        "select customer_id from lake.features.customer_latest except select customer_id from lake.ml.score",
    ],
)
def test_what_cannot_be_taken_apart_is_answered_as_a_whole(ask: Any, query: str) -> None:
    (found,) = ask(query, "c1")
    assert found.is_met is False and "select customer_id" in found.text.lower()


def test_a_subquery_in_a_predicate_is_one_predicate(ask: Any) -> None:
    found = ask(
        "select customer_id from lake.features.customer_latest where age > 25 and customer_id not in "
        "(select customer_id from lake.ml.score where label = 'high')",
        "c1",
    )
    assert [(p.is_met, p.values) for p in found] == [(True, {"age": 30}), (False, {})]


def test_a_lambda_keeps_its_names_to_itself(ask: Any) -> None:
    (found,) = ask(
        "select customer_id from lake.features.customer_latest where len(list_filter(interests, x -> x = 'wine')) = 1",
        "c1",
    )
    assert found.is_met is True and found.values == {"interests": ["wine", "pets"]}


def test_personal_data_is_not_shown(ask: Any) -> None:
    (found,) = ask("select customer_id from lake.pii.dim_contact where email like '%@example.com'", "c1")
    assert (found.is_met, found.values) == (True, {"email": HIDDEN})


def test_a_segment_that_is_not_built_is_named(base: Lake) -> None:
    with pytest.raises(ValueError, match=r"segments.seg_nowhere is not there"):
        explain("nowhere", "seg_nowhere", "c1", lake=base)
