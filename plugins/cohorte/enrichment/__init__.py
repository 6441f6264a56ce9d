"""What a customer cares for, from words: texts matched to the interests and values of a taxonomy in YAML.

By sentence embeddings where the extra `embeddings` is installed, by TF-IDF elsewhere (`cohorte.enrichment.similarity`).
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cohorte.enrichment.similarity import EMBEDDINGS, MATCHERS, best_method

if TYPE_CHECKING:
    import pandas as pd

TAXONOMY = Path(__file__).parent / "taxonomy.yml"
KINDS = {"interest": "interests", "value": "values"}
"""Kind of an entry: its section of the taxonomy."""
BATCH = 10_000
"""Texts compared at once."""
COLUMNS = {
    "record_id": "str",
    "kind": "str",
    "interest": "str",
    "score": "float64",
    "evidence_id": "str",
    "texts": "int64",
    "known_at": "datetime64[us]",
    "method": "str",
}


@lru_cache
def taxonomy() -> dict[str, Any]:
    """`thresholds` by method, section and form of text; `interests` and `values`: name to description and words."""
    import yaml

    return yaml.safe_load(TAXONOMY.read_text())


def reading() -> str:
    """Another one whenever texts might be understood otherwise: by another method, or another taxonomy."""
    import hashlib

    return f"{best_method()}-{hashlib.sha256(TAXONOMY.read_bytes()).hexdigest()[:12]}"


def score_interests(evidence: "pd.DataFrame", *, method: str | None = None) -> "pd.DataFrame":
    """Interests and values of whoever is behind each record, with the text that says so.

    evidence: one row per text: evidence_id, record_id, text, weight (0 to 1), known_at, is_category (whether it is
    the name of a category, and no words of the customer).
    method: `tfidf` or `embeddings`; by default the best that is installed.
    Returns one row per record, kind and interest: record_id, kind (interest or value), interest (its name), score
    (0 to 1; the probability that at least one text means it, texts taken as independent), evidence_id (the strongest
    text), texts (how many), known_at (when the first of them was known), method.
    Raises ImportError for `embeddings` where the extra is not installed.
    """
    import numpy as np
    import pandas as pd

    method = method or best_method()
    evidence = evidence.assign(text=evidence["text"].fillna("").str.lower().str.strip())
    evidence = evidence[evidence["text"] != ""]
    if evidence.empty:
        return pd.DataFrame({name: [] for name in COLUMNS}).astype(COLUMNS)
    found = []
    for is_category, texts in evidence.groupby("is_category"):
        # Distinct texts only: ten thousand customers browse the same forty categories.
        distinct = pd.Index(texts["text"].unique())
        found.append(texts.merge(match(distinct, method, form="named" if is_category else "said"), on="text"))
    every = pd.concat(found, ignore_index=True)
    every["strength"] = (every["similarity"] * every["weight"]).clip(0, 0.99)
    key = ["record_id", "kind", "interest"]
    every = every.sort_values([*key, "strength", "evidence_id"], ascending=[True, True, True, False, True])
    grouped = every.assign(doubt=np.log1p(-every["strength"])).groupby(key, sort=True)
    result = grouped.agg(
        evidence_id=("evidence_id", "first"),
        texts=("evidence_id", "size"),
        known_at=("known_at", "min"),
        doubt=("doubt", "sum"),
    ).reset_index()
    return result.assign(score=1 - np.exp(result["doubt"]), method=method)[list(COLUMNS)].astype(COLUMNS)


def match(texts: "pd.Index", method: str, *, form: str = "said", least: float | None = None) -> "pd.DataFrame":
    """What each text shows: text, kind, interest (its name), similarity (0 to 1); none, one or several rows a text.

    texts: distinct, in lower case. form: `said` by somebody, or `named` so. least: similarity asked for, instead of the
    taxonomy's thresholds.
    """
    import numpy as np
    import pandas as pd

    found = []
    for kind, section in KINDS.items():
        entries = taxonomy()[section]
        threshold = taxonomy()["thresholds"][method][section][form] if least is None else least
        names = np.array(list(entries))
        matcher = MATCHERS[method]([_words(name, entry) for name, entry in entries.items()])
        for start in range(0, len(texts), BATCH):
            part = texts[start : start + BATCH]
            # Rounded, so that the order in which texts are summed up decides nothing.
            similarity = np.round(matcher(list(part)), 5)
            hit = similarity >= threshold
            if method == EMBEDDINGS:
                hit &= similarity == similarity.max(axis=1, keepdims=True)
            rows, columns = np.nonzero(hit)
            found.append(
                pd.DataFrame(
                    {
                        "text": part[rows],
                        "kind": kind,
                        "interest": names[columns],
                        "similarity": similarity[rows, columns],
                    }
                )
            )
    return pd.concat(found, ignore_index=True)


def _words(name: str, entry: dict[str, Any]) -> list[str]:
    return [name.replace("_", " "), *map(str, entry["words"])]
