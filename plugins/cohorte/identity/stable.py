"""Ids that last: the same person keeps the id, whatever the order in which the records come."""

import hashlib
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def new_id(record_id: str) -> str:
    """The id of a person first seen in this record."""
    return "c_" + hashlib.sha256(record_id.encode()).hexdigest()[:16]


def assign_stable_ids(
    previous: "pd.DataFrame", clusters: "pd.DataFrame", *, elsewhere: Collection[str] = ()
) -> "pd.DataFrame":
    """Carries customer ids over to new clusters.

    previous: record_id, customer_id as of the last run (empty at first).
    clusters: record_id, cluster_id as resolved now. elsewhere: ids of customers that are not among these and live on.

    An id goes to the cluster that holds most of its records, ties to the one with the smallest record; a cluster keeps
    the id that brings it most records, ties to the smallest id. A cluster without one gets a new id, made from its
    smallest record. Returns record_id and customer_id of every record of `clusters`. Which ids merged and split is told
    by marts.fct_identity_event.
    """
    import pandas as pd

    known = clusters[["record_id", "cluster_id"]].merge(
        previous[["record_id", "customer_id"]], on="record_id", how="left"
    )
    smallest = known.groupby("cluster_id")["record_id"].min()
    votes = (
        known.dropna(subset="customer_id").groupby(["cluster_id", "customer_id"]).size().rename("records").reset_index()
    )
    votes["smallest"] = votes["cluster_id"].map(smallest)
    # Best claims first; both sides of a claim are taken once.
    votes = votes.sort_values(["records", "customer_id", "smallest"], ascending=[False, True, True])
    owner: dict[str, str] = {}
    taken: set[str] = set(elsewhere)
    for cluster, customer in zip(votes["cluster_id"], votes["customer_id"], strict=True):
        if cluster not in owner and customer not in taken:
            owner[cluster] = customer
            taken.add(customer)
    for cluster, record in smallest.sort_values().items():
        if cluster in owner:
            continue
        customer = new_id(record)
        while customer in taken:  # the id lives on in another cluster: this one split off from it
            customer = new_id(customer)
        owner[cluster] = customer
        taken.add(customer)
    return pd.DataFrame({"record_id": known["record_id"], "customer_id": known["cluster_id"].map(owner)})
