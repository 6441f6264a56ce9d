"""`make demo`, killed wherever it is: the next one goes on, and leaves what an undisturbed one leaves."""

from functools import partial

import pytest
from conftest import Home, Undisturbed

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


def test_a_run_killed_three_times_ends_like_an_undisturbed_one(home: Home, request: pytest.FixtureRequest) -> None:
    for at in (landing, building, activating):
        home.killed_when(partial(at, home))
    code, output = home.demo()
    assert code == 0, output
    undisturbed: Undisturbed = request.getfixturevalue("undisturbed")
    assert home.membership() == undisturbed.membership
    assert home.summary()["run"] == 1
    of_platforms = [(sync["name"], sync["on_platform"]) for sync in home.summary()["syncs"]]
    assert of_platforms == [(sync["name"], sync["on_platform"]) for sync in undisturbed.summary["syncs"]]
