"""Clusters: planted ones are found, none where none are, labels go on, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs, make_moons

from models_ml import ClusterModel, fit_clusters


def blobs(k: int, rows: int, seed: int = 0) -> pd.DataFrame:
    points, _ = make_blobs(rows, centers=k, n_features=5, random_state=seed)
    return pd.DataFrame(points, columns=["spend_90d", "baskets_90d", "evening_share", "kids_count", "tenure_days"])


@pytest.fixture(scope="module")
def three() -> ClusterModel:
    return fit_clusters(blobs(3, 1_200))


@pytest.mark.parametrize("k", [8, pytest.param(15, marks=pytest.mark.long("fifteen clusters to be told apart"))])
def test_planted_clusters_are_counted(k: int) -> None:
    model = fit_clusters(blobs(k, 250 * k, seed=k), sample=4_000)
    assert (model.k, model.structure) == (k, "clear")


def test_three_clusters_with_everything_about_them(three: ClusterModel) -> None:
    assert (three.k, three.structure) == (3, "clear")
    assert three.labels_.shape == (1_200,) and set(three.labels_) == {0, 1, 2}
    assert len(set(three.names.values())) == 3
    profile = three.profile()
    assert len(profile) == 3 * 5
    assert profile.groupby("label")["size"].first().sum() == 1_200
    assert three.selection["is_chosen"].sum() == 1 and (three.selection["why"] != "").all()
    X = blobs(3, 1_200)
    assert (three.assign(X) == three.labels_).all()
    confidence = three.confidence(X)
    assert ((confidence >= 0) & (confidence <= 1)).all()


def test_one_customer_is_explained(three: ClusterModel) -> None:
    said = three.explain(blobs(3, 1_200).iloc[0])
    assert said["label"] == three.labels_[0] and said["name"] == three.names[said["label"]]
    assert said["next_best"] in three.names.values() and said["reasons"]


def test_two_neighbours_are_not_one_because_a_third_is_far_away() -> None:
    """The best silhouette is that of the two taken for one."""
    points, _ = make_blobs(1_200, centers=3, n_features=8, random_state=2)
    model = fit_clusters(pd.DataFrame(points))
    assert model.k == 3
    lost = model.selection.set_index(["algorithm", "k"]).loc[("k-means", 2), "why"]
    assert "one of its clusters is two" in lost


def test_nothing_is_found_in_noise() -> None:
    noise = pd.DataFrame(np.random.default_rng(0).normal(size=(2_000, 4)), columns=list("abcd"))
    model = fit_clusters(noise)
    assert (model.k, model.structure) == (1, "none")
    assert model.names == {0: "all customers"}


def test_moons_go_to_a_density_method() -> None:
    points, truth = make_moons(1_500, noise=0.05, random_state=0)
    model = fit_clusters(pd.DataFrame(points, columns=["a", "b"]))
    assert (model.algorithm, model.k) == ("hdbscan", 2)
    agree = (model.labels_ == truth).mean()
    assert max(agree, 1 - agree) > 0.97


def test_outliers_do_not_win_and_a_niche_is_reported() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(6_000, 4))
    niche = rng.normal(0, 0.15, size=(30, 4)) + np.array([3.2, -3.2, 3.2, 3.2])
    model = fit_clusters(pd.DataFrame(np.vstack([base, niche]), columns=["a", "b", "c", "d"]))
    sizes = np.bincount(model.labels_[model.labels_ >= 0])
    assert sizes.min() >= 0.02 * 6_030
    assert len(model.niches) == 1
    inside = model.assign_niches(pd.DataFrame(niche, columns=["a", "b", "c", "d"]))
    assert (inside == 0).mean() > 0.9
    assert model.niches.loc[0, "differences"]


def test_labels_go_on_across_a_retrain(three: ClusterModel) -> None:
    X = blobs(3, 1_200)
    more = pd.concat([X, X.head(200) + 0.01], ignore_index=True)
    again = fit_clusters(more, previous=three)
    assert (again.assign(X) == three.labels_).mean() > 0.99
    assert again.names == three.names
    assert set(again.events["event"]) == {"kept"}


def test_a_person_moves_only_past_a_margin(three: ClusterModel) -> None:
    X = blobs(3, 1_200)
    centres = X.groupby(three.labels_).mean()
    between = pd.DataFrame([0.49 * centres.loc[0] + 0.51 * centres.loc[1]])
    nearest = three.assign(between)[0]
    other = {0: 1, 1: 0}.get(int(nearest), 0)
    assert three.assign(between, previous=[other], margin=0.9)[0] == other
    assert three.assign(between, previous=[other], margin=0.0)[0] == nearest


def test_the_same_input_gives_the_same_bytes() -> None:
    first, second = (fit_clusters(blobs(3, 600), k=3) for _ in range(2))
    assert first.labels_.tobytes() == second.labels_.tobytes()
    assert first.transform(blobs(3, 600)).tobytes() == second.transform(blobs(3, 600)).tobytes()


def test_bad_columns_are_left_out_with_the_reason() -> None:
    X = blobs(3, 600)
    padded = X.assign(constant=1.0, empty=np.nan, infinite=np.inf, twin=X["spend_90d"])
    model = fit_clusters(padded, k=3)
    assert set(model.dropped) == {"constant", "empty", "infinite", "twin"}
    holes = X.copy()
    holes.loc[::5, "spend_90d"] = np.nan
    holes.loc[::7, "baskets_90d"] = np.inf
    assert (fit_clusters(holes, k=3).labels_ >= 0).all()


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (lambda X: X.assign(city="Paris"), {}, "column city is not numeric"),
        (lambda X: X.assign(day=pd.Timestamp("2017-01-01")), {}, "column day is not numeric"),
        (lambda X: pd.concat([X, X[["tenure_days"]]], axis=1), {}, "'tenure_days' is there twice"),
        (lambda X: X * 0, {}, "no column varies"),
        (lambda X: X.head(5), {"k": 6}, "5 rows are too few for 6 clusters"),
        (lambda X: X.head(5), {}, "too few"),
        (lambda X: X, {"k": 0}, "k is 0"),
        (lambda X: X, {"algorithm": "magic"}, "no algorithm called 'magic'"),
        (lambda X: X, {"scaling": "magic"}, "no scaling called 'magic'"),
    ],
)
def test_what_cannot_be_clustered_is_refused(change, arguments: dict, message: str) -> None:  # type: ignore[no-untyped-def,type-arg]
    with pytest.raises(ValueError, match=message):
        fit_clusters(change(blobs(3, 300)), **arguments)


def test_scoring_without_a_column_names_it(three: ClusterModel) -> None:
    with pytest.raises(ValueError, match="column tenure_days is missing"):
        three.assign(blobs(3, 10).drop(columns="tenure_days"))
    with pytest.raises(TypeError, match="pandas DataFrame"):
        fit_clusters([[1, 2], [3, 4]])


def test_the_card_is_one_page_with_its_pictures(three: ClusterModel) -> None:
    page = three.card.html()
    assert page.count("<svg") == 4
    assert all(name in page for name in three.names.values())
