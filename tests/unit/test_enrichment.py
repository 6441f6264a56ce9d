"""Interests and values from words: by TF-IDF, whatever is installed."""

from functools import partial

import pandas as pd
import pytest

from cohorte import enrichment
from cohorte.enrichment import COLUMNS, taxonomy

score_interests = partial(enrichment.score_interests, method="tfidf")


def evidence(*texts: tuple[str, str], weight: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "evidence_id": f"t{i}",
                "record_id": c,
                "text": t,
                "weight": weight,
                "known_at": pd.Timestamp("2017-01-01"),
                "is_category": False,
            }
            for i, (c, t) in enumerate(texts)
        ],
        columns=["evidence_id", "record_id", "text", "weight", "known_at", "is_category"],
    )


@pytest.mark.parametrize(
    ("text", "interest"),
    [
        ("Love the fresh vegetables and the salad bar!", "fresh_produce"),
        ("Do you have gluten free or organic options?", "healthy_living"),
        ("New dog treats please, my puppy ate them all", "pets"),
        ("When is the next wine tasting?", "wine_and_spirits"),
    ],
)
def test_words_give_an_interest_away(text: str, interest: str) -> None:
    found = score_interests(evidence(("c1", text)))
    assert interest in set(found["interest"])


def test_each_interest_names_its_strongest_text() -> None:
    found = score_interests(evidence(("c1", "dog treats"), ("c1", "we walked the dog along the river on a sunny day")))
    pets = found[found["interest"] == "pets"].iloc[0]
    assert pets["evidence_id"] == "t0"
    assert pets["texts"] == 2


def test_more_evidence_makes_surer() -> None:
    once = score_interests(evidence(("c1", "dog treats"), weight=0.5)).iloc[0]["score"]
    twice = score_interests(evidence(("c1", "dog treats"), ("c1", "dog treats"), weight=0.5)).iloc[0]["score"]
    assert once < twice < 1


@pytest.mark.parametrize("texts", [(), (("c1", ""),), (("c1", "hello there"),)])
def test_no_words_no_interest(texts: tuple[tuple[str, str], ...]) -> None:
    found = score_interests(evidence(*texts))
    assert found.empty
    assert list(found.columns) == list(COLUMNS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Why so much plastic packaging and waste?", "sustainability"),
        ("Homemade from scratch, as grandma did", "tradition"),
        ("Too expensive for my budget", "thrift"),
    ],
)
def test_words_give_a_value_away(text: str, value: str) -> None:
    found = score_interests(evidence(("c1", text)))
    assert value in set(found.loc[found["kind"] == "value", "interest"])


def test_a_text_may_tell_an_interest_and_a_value() -> None:
    found = score_interests(evidence(("c1", "Any coupon or discount? The price is too expensive, I must save")))
    told = dict(zip(found["kind"], found["interest"], strict=True))
    assert told == {"interest": "bargain_hunting", "value": "thrift"}
    assert set(found["evidence_id"]) == {"t0"} and set(found["method"]) == {"tfidf"}


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        ("c1", "dog treats"),
        ("c2", "fresh fruit"),
        ("c1", "too expensive"),
        ("c2", "hello"),
        ("c3", "dog treats"),
    ]
    at_once = score_interests(evidence(*texts))
    monkeypatch.setattr(enrichment, "BATCH", 1)
    pd.testing.assert_frame_equal(score_interests(evidence(*texts)), at_once)
    assert len(at_once) == 4


def test_the_name_of_a_category_must_say_more_than_a_sentence() -> None:
    said = evidence(("c1", "plastic housewares"))
    assert set(score_interests(said)["interest"]) == {"sustainability"}
    assert score_interests(said.assign(is_category=True)).empty


def test_the_taxonomy_has_words_for_every_interest_and_value() -> None:
    interests, values = taxonomy()["interests"], taxonomy()["values"]
    assert len(interests) >= 10 and len(values) >= 6
    assert not set(interests) & set(values)
    assert all(entry["description"] and len(entry["words"]) >= 5 for entry in [*interests.values(), *values.values()])
    thresholds = [of for by_kind in taxonomy()["thresholds"].values() for of in by_kind.values()]
    assert all(0 < of["said"] <= of["named"] < 1 for of in thresholds)
