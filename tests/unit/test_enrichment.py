"""Interests from words."""

import pandas as pd
import pytest

from cohorte.enrichment import score_interests, taxonomy


def evidence(*texts: tuple[str, str], weight: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "evidence_id": f"t{i}",
                "record_id": c,
                "text": t,
                "weight": weight,
                "known_at": pd.Timestamp("2017-01-01"),
            }
            for i, (c, t) in enumerate(texts)
        ],
        columns=["evidence_id", "record_id", "text", "weight", "known_at"],
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
    assert list(found.columns) == ["record_id", "interest", "score", "evidence_id", "texts", "known_at"]


def test_the_taxonomy_has_words_for_every_interest() -> None:
    assert len(taxonomy()["interests"]) >= 10
    assert all(len(entry["words"]) >= 5 for entry in taxonomy()["interests"].values())
