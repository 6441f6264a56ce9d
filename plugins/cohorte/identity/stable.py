"""Ids that last: the same person keeps the id, whatever the order in which the records come."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def new_id(record_id: str) -> str:
    """The id of a person first seen in this record."""
    return "c_" + hashlib.sha256(record_id.encode()).hexdigest()[:16]


def assign_stable_ids(previous: "pd.DataFrame", clusters: "pd.DataFrame") -> "tuple[pd.DataFrame, pd.DataFrame]":
    """Carries customer ids over to new clusters.

    previous: record_id, customer_id as of the last run (empty at first).
    clusters: record_id, cluster_id as resolved now.

    An id goes to the cluster that holds most of its records, ties to the one with the smallest record; a cluster keeps
    the id that brings it most records, ties to the smallest id. A cluster without one gets a new id, made from its
    smallest record. Returns (record_id, customer_id) for every record of `clusters`, and the events: `created` for a
    new id, `merged` for an id that went into `other_customer_id`, `split` for an id that came out of it.
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
    taken: set[str] = set()
    for cluster, customer in zip(votes["cluster_id"], votes["customer_id"], strict=True):
        if cluster not in owner and customer not in taken:
            owner[cluster] = customer
            taken.add(customer)
    events = []
    for cluster, record in smallest.sort_values().items():
        if cluster in owner:
            continue
        customer = new_id(record)
        while customer in taken:  # the id lives on in another cluster: this one split off from it
            customer = new_id(customer)
        owner[cluster] = customer
        taken.add(customer)
        origin = votes.loc[votes["cluster_id"] == cluster, "customer_id"]
        events.append(("split", customer, origin.iloc[0]) if len(origin) else ("created", customer, None))
    survivors = set(owner.values())
    heirs = votes.drop_duplicates("customer_id")
    for customer, cluster in sorted(zip(heirs["customer_id"], heirs["cluster_id"], strict=True)):
        if customer not in survivors:
            events.append(("merged", customer, owner[cluster]))
    customers = pd.DataFrame({"record_id": known["record_id"], "customer_id": known["cluster_id"].map(owner)})
    return customers, pd.DataFrame(events, columns=["event", "customer_id", "other_customer_id"])
