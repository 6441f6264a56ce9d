"""Linking records: exact links, probable links, and the groups they make."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cohorte.identity.graph import LARGEST, group, path
from cohorte.identity.normalise import normalise
from cohorte.identity.probable import WEIGHT

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

EXACT = {"identifier": 1.0, "email": 0.99, "phone": 0.97}
"""Kinds that link on equality, with how sure that makes us; people who are clearly different are left apart."""


@dataclass(frozen=True)
class Step:
    """One link on the way between two records. `weights`: bits by field, for (positive) and against (negative)."""

    a: str
    b: str
    probability: float
    because: str
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Resolution:
    """`clusters`: record_id, cluster_id, probability. `links`: a, b, probability, because, weight_<field> …

    `cut`: links that were not followed, with the reason: bridges between two people, and what made a group too large.
    """

    clusters: "pd.DataFrame"
    links: "pd.DataFrame"
    cut: "pd.DataFrame"

    def explain(self, a: str, b: str) -> list[Step]:
        """The links that lead from one record to the other; empty when they are not the same person.

        Raises ValueError for a record that is not there.
        """
        known = set(self.clusters["record_id"])
        unknown = [record for record in (a, b) if record not in known]
        if unknown:
            raise ValueError(f"there is no record {' and no record '.join(unknown)}")
        return [self._step(*edge) for edge in path(self.links, a, b)]

    def _step(self, a: str, b: str) -> Step:
        low, high = sorted((a, b))
        found = self.links[(self.links["a"] == low) & (self.links["b"] == high)]
        best = found.sort_values("probability", ascending=False).iloc[0]
        weights = {
            column.removeprefix(WEIGHT): float(value)
            for row in found.to_dict("records")
            for column, value in row.items()
            if column.startswith(WEIGHT) and value == value
        }
        return Step(a, b, float(best["probability"]), " and ".join(sorted(set(found["because"]))), weights)


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
    birth_date, email, phone, street, city, postcode, state, identifier; a column of any other kind is a free attribute
    that is compared with itself). region: where phone numbers without a country code come from.

    Returns record_id, cluster_id (the smallest record id of the person) and probability (of the strongest link of
    the record; 1 for a record alone), in the order of record_id.
    Raises ValueError for a column that is not there or record ids that are not unique.
    """
    return link(records, columns=columns, record_id=record_id, region=region, probabilistic=probabilistic).clusters


def link(
    records: "pa.Table | pd.DataFrame",
    *,
    columns: Mapping[str, str],
    record_id: str = "record_id",
    region: str = "US",
    probabilistic: bool = True,
    largest: int = LARGEST,
) -> Resolution:
    """As `resolve`, with the links that made the people and those that were cut. largest: records of one person above
    which links are doubted."""
    people = _people(records, columns, record_id, region)
    return _resolution(people["record_id"], _links(people, probabilistic), largest)


def link_new(
    new: "pa.Table | pd.DataFrame",
    known: "pa.Table | pd.DataFrame",
    clusters: "pd.DataFrame",
    *,
    columns: Mapping[str, str],
    record_id: str = "record_id",
    region: str = "US",
    largest: int = LARGEST,
) -> "pd.DataFrame":
    """Links new records to known ones without comparing the known with each other again.

    clusters: record_id, cluster_id, probability of the known ones, as `resolve` gave them. Only known records that
    share something with a new one (a blocking rule, an e-mail, a phone, an identifier) are looked at, with the rest of
    their clusters. Returns the same columns for all records. A run from scratch may find more: links between known
    records that only a newly learnt model sees. Raises ValueError as `resolve` does.
    """
    import pandas as pd

    from cohorte.identity.probable import neighbours

    fresh, old = _people(new, columns, record_id, region), _people(known, columns, record_id, region)
    everybody = pd.concat([fresh, old], ignore_index=True)
    near = neighbours(fresh, old)
    near |= _sharing(fresh, old)
    touched = clusters[clusters["cluster_id"].isin(clusters.loc[clusters["record_id"].isin(near), "cluster_id"])]
    looked_at = set(fresh["record_id"]) | set(touched["record_id"])
    people = everybody[everybody["record_id"].isin(looked_at)].sort_values("record_id", ignore_index=True)
    is_new = people["record_id"].isin(fresh["record_id"])
    links = _links(people, probabilistic=True, learn_from=everybody)
    ends = links["a"].isin(people.loc[is_new, "record_id"]) | links["b"].isin(people.loc[is_new, "record_id"])
    members = touched[touched["cluster_id"] != touched["record_id"]]
    before = pd.DataFrame(
        {
            "a": members[["cluster_id", "record_id"]].min(axis=1),
            "b": members[["cluster_id", "record_id"]].max(axis=1),
            "probability": 1.0,
            "because": "linked before",
        }
    )
    found = _resolution(people["record_id"], pd.concat([links[ends], before], ignore_index=True), largest).clusters
    untouched = clusters[~clusters["record_id"].isin(looked_at)]
    return pd.concat([found, untouched], ignore_index=True).sort_values("record_id", ignore_index=True)


def _people(
    records: "pa.Table | pd.DataFrame", columns: Mapping[str, str], record_id: str, region: str
) -> "pd.DataFrame":
    import pandas as pd

    frame = records if isinstance(records, pd.DataFrame) else records.to_pandas()
    return normalise(frame, columns, record_id, region)


def _links(people: "pd.DataFrame", probabilistic: bool, learn_from: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    import pandas as pd

    links = _exact_links(people)
    if probabilistic:
        from cohorte.identity.probable import probable_links

        probable = probable_links(people, learn_from=learn_from)
        links = pd.concat([links, probable.assign(because="they are alike")], ignore_index=True)
    return links


def _resolution(ids: "pd.Series", links: "pd.DataFrame", largest: int) -> Resolution:
    grouped = group(ids, links, largest=largest)
    return Resolution(grouped.clusters, grouped.kept, grouped.cut)


def _sharing(fresh: "pd.DataFrame", old: "pd.DataFrame") -> set[str]:
    """Known records with an e-mail, phone or identifier of a new one."""
    found: set[str] = set()
    for kind in EXACT:
        found |= set(old.loc[old[kind].notna() & old[kind].isin(fresh[kind].dropna()), "record_id"])
    return found


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
        found.append(
            pd.DataFrame(
                {
                    "a": pairs["record_id_a"],
                    "b": pairs["record_id_b"],
                    "probability": probability,
                    "because": f"they share the {kind}",
                }
            )
        )
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
