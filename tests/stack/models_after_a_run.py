"""What a run leaves of its models can be shown, made again bit for bit, and taken back."""

import subprocess
import sys

from whole_runs import Home

from cohorte.lake import Lake
from cohorte.settings import ROOT
from cohorte.steps import registry
from cohorte.steps.train import reproduce

MODELS = ("customer_clusters", "coupon_propensity")


def made_again(home: Home) -> None:
    """A version is trained once more on the snapshot, the code and the seed it was trained with."""
    with Lake.open(home.settings) as lake:
        recorded, again = reproduce("customer_clusters", "1", lake=lake)
    assert recorded == again
    done = _cohorte(home, "models", "reproduce", "coupon_propensity", "1")
    assert done.returncode == 0, done.stderr
    assert "coupon_propensity 1: the same, bit for bit" in done.stdout


def shown(home: Home) -> None:
    """Cards, audits and drift are there."""
    for model in MODELS:
        assert registry.card(model, settings=home.settings).count("<svg") >= 4
    with Lake.open(home.settings, read_only=True) as lake:
        assert lake.value("select count(distinct subject) from ml.audit_result where version is null") >= 5
        assert lake.value("select count(distinct model) from ml.drift_result") == 2


def nothing_to_go_back_to(home: Home) -> None:
    """After one training there is no version before, and the one there is can be named."""
    done = _cohorte(home, "models", "rollback", "coupon_propensity")
    assert done.returncode == 1 and "no version promoted before 1" in done.stderr
    assert _cohorte(home, "models", "rollback", "coupon_propensity", "--version", "1").returncode == 0


def _cohorte(home: Home, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cohorte.cli", *words]
    return subprocess.run(command, cwd=ROOT, env=home.environment, capture_output=True, text=True, timeout=200)
