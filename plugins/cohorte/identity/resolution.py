"""Linking records: exact links, probable links, and the groups they make."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cohorte.identity.graph import LARGEST, group, path
from cohorte.identity.normalise import normalise

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from cohorte.identity.probable import Model

ALIKE = "they are alike"
"""How a probable link is put."""


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
    """`clusters`: record_id, cluster_id, probability. `links`: a, b, probability, because, weights (JSON) and `cut`:
    why a link was not followed, as a bridge between two people or in a group too large; None for the others."""

    clusters: "pd.DataFrame"
    links: "pd.DataFrame"


def explain(links: "pd.DataFrame", a: str, b: str) -> list[Step]:
    """The links that lead from one record to the other; empty when they are not the same person.

    links: a, b, probability, because, weights, cut, as of a Resolution.
    """
    followed = links[links["cut"].isna()]
    return [_step(followed, *edge) for edge in path(followed, a, b)]


def _step(links: "pd.DataFrame", a: str, b: str) -> Step:
    low, high = sorted((a, b))
    found = links[(links["a"] == low) & (links["b"] == high)]
    weights: dict[str, float] = {}
    for said in found["weights"].dropna():
        weights |= {field: bits for field, bits in json.loads(said).items() if bits is not None}
    return Step(a, b, float(found["probability"].max()), " and ".join(sorted(set(found["because"]))), weights)


def resolve(
    records: "pa.Table | pd.DataFrame",
    *,
    columns: Mapping[str, str],
    record_id: str = "record_id",
    region: str = "US",
    probabilistic: bool = True,
) -> "pd.DataFrame":
    """Which records are the same person.

    records: one row per record, any columns; a kind may lack, and a column may be empty. columns: input column to kind
    (given_name, surname, full_name, birth_date, email, phone, street, city, postcode, state, identifier; crm_id, an
    id that is told from another by small and capital letters; email_sha256 and phone_sha256, the hex SHA-256 of an
    address in small letters and of a phone in E.164; a column of any other kind is a free attribute that is compared
    with itself). region: where phone numbers without a country code come from.
    probabilistic: whether records that are only alike are linked, too; that takes 200 records and three kinds beside
    e-mail and phone, a full name being two of them. With fewer, records are linked by what they share exactly. Nobody
    is linked by name and town alone, where no column has birth dates, streets, or anything else of a person's own.

    Returns record_id and cluster_id (the smallest record id of the person), both as text, and probability (of the
    strongest link of the record; 1 for a record alone), in the order of record_id.
    Raises ValueError for a column that is not there or there twice, record ids missing or not unique, an unknown
    region, and birth dates none of which is a date; TypeError for records or columns of another type.
    """
    model = learn(records, columns=columns, record_id=record_id, region=region) if probabilistic else None
    return link(records, columns=columns, model=model, record_id=record_id, region=region).clusters


def learn(
    records: "pa.Table | pd.DataFrame", *, columns: Mapping[str, str], record_id: str = "record_id", region: str = "US"
) -> "Model | None":
    """What tells these people apart, learnt without labels; None for too few records. Arguments as for `resolve`."""
    from cohorte.identity import probable

    return probable.learn(_people(records, columns, record_id, region))


def link(
    records: "pa.Table | pd.DataFrame",
    *,
    columns: Mapping[str, str],
    model: "Model | None" = None,
    before: "pd.DataFrame | None" = None,
    changed: Collection[str] = (),
    record_id: str = "record_id",
    region: str = "US",
    largest: int = LARGEST,
) -> Resolution:
    """The links between records, and the people they make. Other arguments as for `resolve`.

    model: of `learn`; without one, records are linked only by what they share. before: links of an earlier run with
    this model. Then only the records in `changed` (new ones, and those with other values) are compared, with whom they
    could be; which comes to the same as comparing all. largest: records of one person above which links are doubted.
    """
    import duckdb
    import pandas as pd

    from cohorte.identity.compare import probable_links
    from cohorte.identity.exact import exact_links

    people = _people(records, columns, record_id, region)
    with duckdb.connect() as connection:
        connection.execute("create table people as select columns(*)::varchar from people")
        links = [exact_links(connection, "people").df()]
        if model is not None and before is None:
            links.append(probable_links(connection, "people", model).df().assign(because=ALIKE))
        elif model is not None and before is not None:
            anew = pd.DataFrame({"record_id": list(changed)}, dtype="str")
            connection.execute("create table changed as from anew")
            known = pd.Index(people["record_id"]).difference(pd.Index(anew["record_id"]))
            still = before[(before["because"] == ALIKE) & before["a"].isin(known) & before["b"].isin(known)]
            found = probable_links(connection, "people", model, changed="changed").df().assign(because=ALIKE)
            links += [still.drop(columns="cut"), found]
    every = pd.concat([part for part in links if len(part)] or links[:1]).sort_values("because")
    grouped = group(people["record_id"], every[["a", "b", "probability", "because", "weights"]], largest=largest)
    return Resolution(grouped.clusters, grouped.links)


def _people(
    records: "pa.Table | pd.DataFrame", columns: Mapping[str, str], record_id: str, region: str
) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa

    if not isinstance(columns, Mapping):
        raise TypeError(f"columns is a {type(columns).__name__}. Give a dict: column of the records to kind.")
    if not isinstance(records, pd.DataFrame) and not hasattr(records, "to_pandas"):
        raise TypeError(f"records are a {type(records).__name__}. Give a pandas frame or an Arrow table.")
    if isinstance(records, pd.DataFrame):
        frame = records
    elif isinstance(records, pa.Table):
        frame = records.to_pandas(integer_object_nulls=True)  # as floats, long numbers would lose their last digits
    else:
        frame = records.to_pandas()
    return normalise(frame, columns, record_id, region)
