"""Linking records: exact links, probable links, and the groups they make."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cohorte.identity.normalise import normalise

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

EXACT = {"identifier": 1.0, "email": 0.99, "phone": 0.97}
"""Kinds that link on equality, with how sure that makes us; people who are clearly different are left apart."""


def resolve(
    records: "pa.Table | pd.DataFrame",
    *,
    columns: Mapping[str, str],
    record_id: str = "record_id",
    region: str = "US",
    probabilistic: bool = True,
) -> "pd.DataFrame":
    """Which records are the same person.

    records: one row per record, any columns. columns: input column to kind (given_name, surname, full_name,
    birth_date, email, phone, street, city, postcode, identifier; any other kind is kept and not used).
    region: where phone numbers without a country code come from.

    Returns record_id, cluster_id (the smallest record id of the person) and probability (of the strongest link of
    the record; 1 for a record alone), in the order of record_id.
    Raises ValueError for a column that is not there or record ids that are not unique.
    """
    import pandas as pd

    frame = records if isinstance(records, pd.DataFrame) else records.to_pandas()
    people = normalise(frame, columns, record_id, region)
    links = _exact_links(people)
    if probabilistic:
        from cohorte.identity.probable import probable_links

        links = pd.concat([links, probable_links(people)], ignore_index=True)
    return _clusters(people["record_id"], links)


def _exact_links(people: "pd.DataFrame") -> "pd.DataFrame":
    """Pairs (a, b, probability): every record with the first of those that share an e-mail, phone or identifier."""
    import pandas as pd

    found = []
    for kind, probability in EXACT.items():
        known = people.dropna(subset=kind)
        shared = known[known.duplicated(kind, keep=False)]
        pairs = shared.merge(shared, on=kind, suffixes=("_a", "_b"))
        pairs = pairs[(pairs["record_id_a"] < pairs["record_id_b"]) & ~_differ(pairs)]
        if kind == "phone":
            pairs = pairs[_names_alike(pairs)]
        found.append(pd.DataFrame({"a": pairs["record_id_a"], "b": pairs["record_id_b"], "probability": probability}))
    return pd.concat(found, ignore_index=True)


def _differ(pairs: "pd.DataFrame") -> "pd.Series":
    """Clearly two people: birth dates and the beginnings of given names both known and both different."""

    def unlike(kind: str, length: int) -> "pd.Series":
        a, b = pairs[f"{kind}_a"], pairs[f"{kind}_b"]
        return a.notna() & b.notna() & (a.str[:length] != b.str[:length])

    return unlike("birth_date", 8) & unlike("given_name", 1)


def _names_alike(pairs: "pd.DataFrame") -> "pd.Series":
    """A phone is shared by families and passed on to strangers: it links only people whose names are alike.

    Surname or given name by Jaro–Winkler, 0.85 and more; a name that is not known does not speak against.
    """
    import duckdb
    import pandas as pd

    with duckdb.connect() as connection:
        alike = connection.execute(
            """select
                coalesce(jaro_winkler_similarity(surname_a, surname_b), 1) >= 0.85
                or coalesce(jaro_winkler_similarity(given_name_a, given_name_b), 0) >= 0.85 as alike
            from pairs"""
        ).fetchnumpy()["alike"]
    return pd.Series(alike.astype(bool), index=pairs.index)


def _clusters(ids: "pd.Series", links: "pd.DataFrame") -> "pd.DataFrame":
    """Connected components, each named after its smallest record."""
    import numpy as np
    import pandas as pd
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    position = pd.Series(np.arange(len(ids)), index=ids.to_numpy())
    a, b = position.reindex(links["a"]).to_numpy(), position.reindex(links["b"]).to_numpy()
    graph = coo_matrix((np.ones(len(a)), (a, b)), shape=(len(ids), len(ids)))
    _, component = connected_components(graph, directed=False)
    result = pd.DataFrame({"record_id": ids.to_numpy(), "component": component})
    result["cluster_id"] = result.groupby("component")["record_id"].transform("min")
    best = pd.concat(
        [
            links[["a", "probability"]].set_axis(["record_id", "probability"], axis=1),
            links[["b", "probability"]].set_axis(["record_id", "probability"], axis=1),
        ]
    )
    strongest = best.groupby("record_id")["probability"].max()
    result["probability"] = result["record_id"].map(strongest).fillna(1.0).astype("float64")
    return result[["record_id", "cluster_id", "probability"]]
