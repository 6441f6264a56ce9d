"""Audits: what is unequal is found, what is chance or too small is not called unfair, nor fair."""

import numpy as np
import pandas as pd
import pytest

from models_ml import audit_selection


@pytest.fixture
def base() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.choice(["18-34", "35-54", "55+"], 6_000),
            "income": rng.normal(50_000, 15_000, 6_000),
            "city": rng.choice(["north", "south"], 6_000),
        }
    )


def test_a_fair_selection_has_no_breach(base: pd.DataFrame) -> None:
    report = audit_selection(np.random.default_rng(1).random(6_000) < 0.2, base)
    assert report.passed and str(report).endswith("no breach")
    assert {"selection_ratio", "parity_difference", "cramers_v", "ks_distance"} <= set(report.table["metric"])


def test_unequal_treatment_is_named(base: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    selected = rng.random(6_000) < np.where(base["age"] == "55+", 0.05, 0.3)
    report = audit_selection(selected, base)
    assert list(report.breaches.columns) == ["attribute", "group", "metric", "value", "limit"]
    assert set(report.breaches["attribute"]) == {"age"}
    found = report.breaches.set_index("metric").loc["selection_ratio"]
    assert found["group"] == "55+" and found["limit"] == 0.8
    rate = selected[base["age"] == "55+"].mean() / selected[base["age"] == "35-54"].mean()
    assert found["value"] == pytest.approx(rate, rel=0.1)


def test_a_number_is_judged_by_its_distribution_and_by_quarters(base: pd.DataFrame) -> None:
    selected = base["income"] > base["income"].quantile(0.8)
    report = audit_selection(selected, base)
    metrics = set(report.breaches.loc[report.breaches["attribute"] == "income", "metric"])
    assert {"ks_distance", "selection_ratio", "parity_difference", "cramers_v"} <= metrics


def test_small_groups_are_too_small_not_fair(base: pd.DataFrame) -> None:
    base.loc[:9, "city"] = "island"
    report = audit_selection(np.random.default_rng(1).random(6_000) < 0.2, base)
    row = report.table[(report.table["attribute"] == "city") & (report.table["group"] == "island")].iloc[0]
    assert row["note"] == "too small to judge: 10 members" and not row["is_breach"]


def test_what_is_not_known_is_measured_and_not_judged(base: pd.DataFrame) -> None:
    base.loc[base.index < 2_000, "age"] = None
    selected = np.where(base.index < 2_000, 0, 1) * (np.random.default_rng(1).random(6_000) < 0.3)
    report = audit_selection(selected.astype(bool), base)
    row = report.table[(report.table["attribute"] == "age") & (report.table["group"] == "unknown")].iloc[0]
    assert row["rows"] == 2_000 and row["note"] == "the attribute is not known"
    assert "age" not in set(report.breaches["attribute"])


def test_chance_is_no_breach() -> None:
    rng = np.random.default_rng(2)
    base = pd.DataFrame({f"a{i}": rng.choice(list("wxyz"), 400) for i in range(10)})
    report = audit_selection(rng.random(400) < 0.1, base)
    assert (report.table["value"] < 0.8)[report.table["metric"] == "selection_ratio"].any()
    assert report.passed


def test_equal_opportunity_is_judged_where_outcomes_are_known(base: pd.DataFrame) -> None:
    rng = np.random.default_rng(3)
    outcome = rng.random(6_000) < 0.3
    selected = rng.random(6_000) < np.where(outcome & (base["city"] == "south"), 0.2, 0.6)
    report = audit_selection(selected, base, outcome=outcome)
    found = report.breaches[report.breaches["metric"] == "opportunity_difference"]
    assert found["group"].tolist() == ["south"] and found["value"].iloc[0] == pytest.approx(0.4, abs=0.06)


def test_labels_of_the_index_and_a_population_of_its_own(base: pd.DataFrame) -> None:
    base.index = [f"c{i}" for i in base.index]
    ids = base.index[base["age"] == "55+"][:400]
    by_label, by_mask = audit_selection(ids, base), audit_selection(base.index.isin(ids), base)
    pd.testing.assert_frame_equal(by_label.table, by_mask.table)
    against = audit_selection(np.ones(len(ids), dtype=bool), base.loc[ids], population=base)
    pd.testing.assert_frame_equal(against.breaches, by_mask.breaches)


@pytest.mark.parametrize(
    ("selected", "message"),
    [
        (np.zeros(6_000, dtype=bool), "nobody is selected"),
        (np.ones(5, dtype=bool), "5 values for 6000 rows"),
        (["nobody"], "names 1 rows"),
    ],
)
def test_a_wrong_selection_is_refused(selected, message: str, base: pd.DataFrame) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        audit_selection(selected, base)
