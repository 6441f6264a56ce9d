"""What a customer cares for, from words: texts matched to a taxonomy in YAML by TF-IDF similarity.

Method: cosine similarity of TF-IDF vectors over word stems and word pairs (Salton & Buckley 1988); a text counts
for an interest when the similarity reaches the taxonomy's threshold.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TAXONOMY = Path(__file__).parent / "taxonomy.yml"


@lru_cache
def taxonomy() -> dict[str, Any]:
    """`threshold` and `interests`: name to description and words."""
    import yaml

    return yaml.safe_load(TAXONOMY.read_text())


def score_interests(evidence: "pd.DataFrame") -> "pd.DataFrame":
    """Interests of whoever is behind each record, with the text that says so.

    evidence: one row per text: evidence_id, record_id, text, weight (0 to 1), known_at.
    Returns one row per record and interest: record_id, interest, score (0 to 1; the probability that at
    least one text means it, texts taken as independent), evidence_id (the strongest text), texts (how many),
    known_at (when the first of them was known).
    """
    import numpy as np
    import pandas as pd
    from sklearn.feature_extraction.text import TfidfVectorizer

    columns = ["record_id", "interest", "score", "evidence_id", "texts", "known_at"]
    interests = taxonomy()["interests"]
    texts = evidence["text"].fillna("").str.lower()
    if evidence.empty or not texts.str.strip().any():
        return pd.DataFrame(
            {"record_id": [], "interest": [], "score": [], "evidence_id": [], "texts": [], "known_at": []}
        ).astype(
            {
                "record_id": "str",
                "interest": "str",
                "score": "float64",
                "evidence_id": "str",
                "texts": "int64",
                "known_at": "datetime64[us]",
            }
        )
    labels = [" ".join([name.replace("_", " "), *map(str, entry["words"])]) for name, entry in interests.items()]
    vectorizer = TfidfVectorizer(tokenizer=_stems, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True)
    # Distinct texts only: ten thousand customers browse the same forty categories.
    distinct = pd.Index(texts.unique())
    vectorizer.fit(labels)
    similarity = np.asarray((vectorizer.transform(distinct) @ vectorizer.transform(labels).T).todense())
    rows, kinds = np.nonzero(similarity >= taxonomy()["threshold"])
    hits = pd.DataFrame(
        {"text": distinct[rows], "interest": np.array(list(interests))[kinds], "similarity": similarity[rows, kinds]}
    )
    found = evidence.assign(text=texts).merge(hits, on="text")
    found["strength"] = (found["similarity"] * found["weight"]).clip(0, 0.99)
    found = found.sort_values(["record_id", "interest", "strength", "evidence_id"], ascending=[True, True, False, True])
    grouped = found.groupby(["record_id", "interest"], sort=True)
    result = grouped.agg(
        evidence_id=("evidence_id", "first"), texts=("evidence_id", "size"), known_at=("known_at", "min")
    )
    result["score"] = 1 - np.exp(
        np.log1p(-found["strength"]).groupby([found["record_id"], found["interest"]], sort=True).sum()
    )
    return result.reset_index()[columns]


def _stems(text: str) -> list[str]:
    """Words that mean something, without their plural or gerund ending; enough for a taxonomy of nouns."""
    import re

    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = (word for word in re.findall(r"[a-z]{3,}", text) if word not in ENGLISH_STOP_WORDS)
    return [re.sub(r"(ies|es|s|ing)$", "", word) for word in words]
