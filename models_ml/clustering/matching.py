"""Labels that continue across retrains: which new cluster is which old one, and what happened to the others."""

import numpy as np
import pandas as pd

SAME = 0.3
"""Overlap (Jaccard: shared customers over all of both) from which a new cluster is the old one."""
PART = 0.5
"""Share of a cluster that must go to, or come from, another to speak of a merge or a split."""
EVENTS = ("kept", "born", "died", "merged", "split")


def match(new: np.ndarray, old: np.ndarray, next_label: int) -> tuple[dict[int, int], pd.DataFrame]:
    """(label to give by new cluster, events). new, old: labels of the same customers; -1 (noise) is not matched.

    Clusters are paired so that the overlap is largest in all (Kuhn 1955). One without a partner gets a label never
    used before, from `next_label` on. Events: event, label, other (the label it came from or went to), overlap (Jaccard
    for kept, else the share that moved), customers.
    """
    from scipy.optimize import linear_sum_assignment

    shared = pd.crosstab(new, old)
    shared = shared.loc[[i for i in shared.index if i >= 0], [j for j in shared.columns if j >= 0]]
    counts = shared.to_numpy(dtype="float64")
    sizes_new = np.array([(new == label).sum() for label in shared.index], dtype="float64")
    sizes_old = np.array([(old == label).sum() for label in shared.columns], dtype="float64")
    union = sizes_new[:, None] + sizes_old[None, :] - counts
    overlap = counts / np.maximum(union, 1)
    pairs = zip(*linear_sum_assignment(-overlap), strict=True)
    partner = {int(i): int(j) for i, j in pairs if overlap[i, j] >= SAME}

    given: dict[int, int] = {}
    events: list[tuple[str, int, int | None, float, int]] = []
    for i, label in enumerate(shared.index):
        if i in partner:
            given[int(label)] = int(shared.columns[partner[i]])
            continue
        given[int(label)] = next_label
        next_label += 1
    for i, label in enumerate(shared.index):
        name, size = given[int(label)], int(sizes_new[i])
        if i in partner:
            events.append(("kept", name, name, float(overlap[i, partner[i]]), size))
            continue
        source = int(counts[i].argmax()) if counts.shape[1] else -1
        share = counts[i, source] / max(sizes_new[i], 1) if source >= 0 else 0.0
        if share >= PART:
            events.append(("split", name, int(shared.columns[source]), float(share), size))
        else:
            events.append(("born", name, None, float(share), size))
    for j, label in enumerate(shared.columns):
        if j in partner.values():
            continue
        target = int(counts[:, j].argmax()) if counts.shape[0] else -1
        share = counts[target, j] / max(sizes_old[j], 1) if target >= 0 else 0.0
        if share >= PART:
            events.append(("merged", int(label), given[int(shared.index[target])], float(share), int(sizes_old[j])))
        else:
            events.append(("died", int(label), None, float(share), int(sizes_old[j])))
    return given, pd.DataFrame(events, columns=["event", "label", "other", "overlap", "customers"])
