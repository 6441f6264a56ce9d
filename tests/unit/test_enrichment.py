"""Interests and values from words: by TF-IDF, whatever is installed."""

import pandas as pd
import pytest

from cohorte import enrichment
from cohorte.enrichment import MEANINGS, meanings, taxonomy


def told(*texts: str, form: str = "said") -> pd.DataFrame:
    ids = [f"t{i}" for i in range(len(texts))]
    return meanings(pd.DataFrame({"text_id": ids, "text": map(str.lower, texts), "form": form}), method="tfidf")


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
    found = told(text)
    assert interest in set(found.loc[found["kind"] == "interest", "interest"])


def test_nothing_read_is_nothing_told() -> None:
    found = told()
    assert found.empty
    assert list(found.columns) == list(MEANINGS)


@pytest.mark.parametrize("text", ["", "hello there"])
def test_a_text_that_tells_nothing_has_a_row_that_says_so(text: str) -> None:
    assert told(text).to_dict("records") == [
        {"text_id": "t0", "kind": "none", "interest": "", "similarity": 0.0, "method": "tfidf"}
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Why so much plastic packaging and waste?", "sustainability"),
        ("Homemade from scratch, as grandma did", "tradition"),
        ("Too expensive for my budget", "thrift"),
    ],
)
def test_words_give_a_value_away(text: str, value: str) -> None:
    found = told(text)
    assert value in set(found.loc[found["kind"] == "value", "interest"])


def test_a_text_may_tell_an_interest_and_a_value() -> None:
    found = told("Any coupon or discount? The price is too expensive, I must save")
    assert dict(zip(found["kind"], found["interest"], strict=True)) == {
        "interest": "bargain_hunting",
        "value": "thrift",
    }
    assert set(found["text_id"]) == {"t0"}


def test_fewer_other_words_are_more_alike() -> None:
    found = told("dog treats", "we walked the dog along the river on a sunny day")
    pets = found[found["interest"] == "pets"].set_index("text_id")["similarity"]
    assert pets["t0"] > pets["t1"]


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ("dog treats", "fresh fruit", "too expensive", "hello")
    at_once = told(*texts)
    monkeypatch.setattr(enrichment, "BATCH", 1)
    pd.testing.assert_frame_equal(told(*texts), at_once)
    assert list(at_once["kind"]) == ["interest", "interest", "value", "none"]


def test_the_name_of_a_category_must_say_more_than_a_sentence() -> None:
    assert set(told("plastic housewares")["interest"]) == {"sustainability"}
    assert set(told("plastic housewares", form="named")["kind"]) == {"none"}


def test_the_taxonomy_has_words_for_every_interest_and_value() -> None:
    interests, values = taxonomy()["interests"], taxonomy()["values"]
    assert len(interests) >= 10 and len(values) >= 6
    assert not set(interests) & set(values)
    assert all(entry["description"] and len(entry["words"]) >= 5 for entry in [*interests.values(), *values.values()])
    thresholds = [of for by_kind in taxonomy()["thresholds"].values() for of in by_kind.values()]
    assert all(0 < of["said"] <= of["named"] < 1 for of in thresholds)
