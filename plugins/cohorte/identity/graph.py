"""From links to people: connected records, without the weak link that would join two people into one."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

SURE = 0.99
"""Probability from which a link may hold two groups together alone."""
LARGEST = 30
"""Records of one person above which links are doubted."""
STEPS = (0.99, 0.999, 0.9999)
"""Probabilities asked for, one after the other, within a group that is too large."""


@dataclass(frozen=True)
class Grouped:
    """`clusters`: record_id, cluster_id (the smallest record id), probability (of the record's strongest link; 1 for a
    record alone). `links`: those given, with `cut`: why a link was not followed, None for the others."""

    clusters: "pd.DataFrame"
    links: "pd.DataFrame"


def group(ids: "pd.Series", links: "pd.DataFrame", *, largest: int = LARGEST) -> Grouped:
    """Connected components of the links, after cutting bridges and taking apart what is too large.

    A bridge is the only way between two groups of at least two records each (Tarjan 1974); one that is less than SURE
    is more likely a stranger than a person. The order of the rows does not matter.
    """
    import pandas as pd

    links = links.sort_values(["a", "b", "probability"], ascending=[True, True, False], ignore_index=True)
    reasons = _bridges(ids, links)
    kept = links[~links.index.isin(reasons)]
    for least in STEPS:
        component = _components(ids, kept)
        large = component.map(component.value_counts()) > largest
        if not large.any():
            break
        weak = kept.index[kept["a"].map(large) & (kept["probability"] < least)]
        reasons |= dict.fromkeys(weak, f"its group has more than {largest} records, and {least} was asked for")
        kept = kept.drop(weak)
    cut = pd.Series(reasons, dtype="object").reindex(links.index)
    return Grouped(clusters_of(ids, kept), links.assign(cut=cut.where(cut.notna(), None)))


def clusters_of(ids: "pd.Series", links: "pd.DataFrame") -> "pd.DataFrame":
    """The clusters that links (a, b, probability) make when all are followed; columns as of Grouped."""
    import pandas as pd

    component = _components(ids, links)
    clusters = pd.DataFrame({"record_id": ids.to_numpy(), "component": component.to_numpy()}).astype(
        {"record_id": "str"}
    )
    clusters["cluster_id"] = clusters.groupby("component")["record_id"].transform("min")
    ends = pd.concat([links.set_index("a")["probability"], links.set_index("b")["probability"]])
    strongest = ends.groupby(level=0).max()
    clusters["probability"] = clusters["record_id"].map(strongest).fillna(1.0).astype("float64")
    return clusters[["record_id", "cluster_id", "probability"]]


def path(links: "pd.DataFrame", a: str, b: str) -> list[tuple[str, str]]:
    """The shortest way from one record to another; empty when there is none."""
    import networkx as nx

    graph = _graph(links)
    try:
        steps = nx.shortest_path(graph, a, b)
    except (nx.NetworkXNoPath, nx.NodeNotFound):
        return []
    return list(pairwise(steps))


def _bridges(ids: "pd.Series", links: "pd.DataFrame") -> dict[int, str]:
    """Rows of weak links that alone hold two groups together. Only groups with a weak link are looked at."""
    weak = links.index[links["probability"] < SURE]
    if not len(weak):
        return {}
    import networkx as nx

    component_of = _components(ids, links)
    of_link = links["a"].map(component_of)
    size = of_link.map(component_of.value_counts())
    links = links[(size >= 4) & of_link.isin(of_link[weak])]
    graph = _graph(links)
    found = {}
    rows = {(links.at[row, "a"], links.at[row, "b"]): row for row in weak if row in links.index}
    for component in nx.connected_components(graph):
        part = graph.subgraph(component)
        for a, b in sorted(tuple(sorted(edge)) for edge in nx.bridges(part)):
            row = rows.get((a, b))
            if row is None or (links["a"].eq(a) & links["b"].eq(b)).sum() > 1:
                continue
            without = part.copy()
            without.remove_edge(a, b)
            sizes = len(nx.node_connected_component(without, a)), len(nx.node_connected_component(without, b))
            if min(sizes) >= 2:
                said = f"the only link between groups of {sizes[0]} and {sizes[1]} records, and below {SURE}"
                found[int(row)] = said
    return found


def _graph(links: "pd.DataFrame") -> "nx.Graph":
    import networkx as nx

    graph = nx.Graph()
    graph.add_edges_from(zip(links["a"], links["b"], strict=True))
    return graph


def _components(ids: "pd.Series", links: "pd.DataFrame") -> "pd.Series":
    """The number of its component by record id, in the order of `ids`."""
    import numpy as np
    import pandas as pd
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    position = pd.Series(np.arange(len(ids)), index=ids.to_numpy())
    a, b = position.reindex(links["a"]).to_numpy(), position.reindex(links["b"]).to_numpy()
    matrix = coo_matrix((np.ones(len(a)), (a, b)), shape=(len(ids), len(ids)))
    return pd.Series(connected_components(matrix, directed=False)[1], index=ids.to_numpy())
