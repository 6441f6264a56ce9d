"""`make demo`, killed wherever it is: the next one goes on, and leaves what an undisturbed one leaves."""

from functools import partial

import pytest
from models_after_a_run import MODELS
from whole_runs import Home, Undisturbed

from cohorte.lake import Lake
from cohorte.orchestration import local

pytestmark = pytest.mark.slow


def landing(home: Home) -> bool:
    return any((home.path / "lake" / "raw" / "salesforce").rglob("*.parquet"))


def building(home: Home) -> bool:
    return any((home.path / "lake" / "marts").rglob("*.parquet"))


def activating(home: Home) -> bool:
    if not (home.path / "mlflow" / "coupon_propensity").exists():
        return False
    sandbox = local.find_sandbox(home.settings)
    return bool(sandbox and sandbox.get("state/hubspot")["lists"])


TO_ACTIVATION = (
    *("extract_salesforce", "extract_google_analytics", "extract_meta", "extract_mailchimp"),
    *("build_features", "train_models", "assign_segments"),
)
"""The DAGs that are done when the last of the kills comes."""


@pytest.mark.long("a whole run killed while landing, building and activating")
def test_a_run_killed_three_times_ends_like_an_undisturbed_one(home: Home, request: pytest.FixtureRequest) -> None:
    for at in (landing, building, activating):
        home.killed_when(partial(at, home))
    code, output = home.demo()
    assert code == 0, output
    assert [dag for dag in TO_ACTIVATION if f"{dag} was done before the interruption" not in output] == []
    assert "activate_segments was done" not in output
    _did_nothing_twice(home)
    undisturbed: Undisturbed = request.getfixturevalue("undisturbed")
    assert home.membership() == undisturbed.membership
    assert home.summary()["run"] == 1
    of_platforms = [(sync["name"], sync["on_platform"]) for sync in home.summary()["syncs"]]
    assert of_platforms == [(sync["name"], sync["on_platform"]) for sync in undisturbed.summary["syncs"]]


def _did_nothing_twice(home: Home) -> None:
    """What came between the last two kills was done in one of the runs, and in no other."""
    steps = ["build features", "gate features", *(f"train {model}" for model in MODELS), "score", "audit", "publish"]
    with Lake.open(home.settings, read_only=True) as lake:
        done = dict(lake.rows("select trim(step || ' ' || subject), count(*) from ops.run group by all"))
    assert {step: done.get(step) for step in steps} == dict.fromkeys(steps, 1)
