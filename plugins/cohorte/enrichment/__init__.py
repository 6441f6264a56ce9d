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
MEANINGS = {"text_id": "str", "kind": "str", "interest": "str", "similarity": "float64", "method": "str"}


@lru_cache
def taxonomy() -> dict[str, Any]:
    """`thresholds` by method, section and form of text; `interests` and `values`: name to description and words."""
    import yaml

    return yaml.safe_load(TAXONOMY.read_text())


def reading() -> str:
    """Another one whenever texts might be understood otherwise: by another method, or another taxonomy."""
    import hashlib

    return f"{best_method()}-{hashlib.sha256(TAXONOMY.read_bytes()).hexdigest()[:12]}"


def meanings(texts: "pd.DataFrame", *, method: str | None = None) -> "pd.DataFrame":
    """What each text tells.

    texts: text_id, text (in lower case), form (`said` by somebody, or `named`: the name of a category); distinct.
    method: `tfidf` or `embeddings`; by default the best that is installed.
    Returns one row per text and what it tells, or one of kind `none` for a text that tells nothing: text_id, kind
    (interest, value or none), interest (its name; empty for none), similarity (0 to 1), method.
    Raises ImportError for `embeddings` where the extra is not installed.
    """
    import pandas as pd

    if texts.empty:
        return pd.DataFrame(columns=list(MEANINGS)).astype(MEANINGS)
    method = method or best_method()
    told = []
    for form, some in texts.groupby("form")["text"]:
        told.append(match(pd.Index(some), method, form=form).assign(form=form))
    found = texts.merge(pd.concat(told), on=["text", "form"], how="left")
    found = found.fillna({"kind": "none", "interest": "", "similarity": 0.0}).assign(method=method)
    return found[list(MEANINGS)].astype(MEANINGS)


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
