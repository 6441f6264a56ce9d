"""What a run leaves of its models can be shown, made again bit for bit, and taken back."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Undisturbed

from cohorte.lake import Lake
from cohorte.settings import ROOT

pytestmark = pytest.mark.slow


def cohorte(run: Undisturbed, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cohorte.cli", *words]
    return subprocess.run(command, cwd=ROOT, env=run.home.environment, capture_output=True, text=True, timeout=200)


def test_a_version_is_made_again_from_its_snapshot(undisturbed: Undisturbed) -> None:
    for model in ("customer_clusters", "coupon_propensity"):
        done = cohorte(undisturbed, "models", "reproduce", model, "1")
        assert done.returncode == 0, done.stderr
        assert f"{model} 1: the same, bit for bit" in done.stdout


def test_cards_audits_and_drift_are_there(undisturbed: Undisturbed, tmp_path: Path) -> None:
    for model in ("customer_clusters", "coupon_propensity"):
        page = tmp_path / f"{model}.html"
        assert cohorte(undisturbed, "models", "card", model, "--to", str(page)).returncode == 0
        assert page.read_text().count("<svg") >= 4
    with Lake.open(undisturbed.home.settings, read_only=True) as lake:
        assert lake.value("select count(distinct subject) from ml.audit_result where version is null") >= 5
        assert lake.value("select count(distinct model) from ml.drift_result") == 2


def test_there_is_nothing_to_go_back_to_after_one_training(undisturbed: Undisturbed) -> None:
    done = cohorte(undisturbed, "models", "rollback", "coupon_propensity")
    assert done.returncode == 1 and "no version promoted before 1" in done.stderr
    assert cohorte(undisturbed, "models", "rollback", "coupon_propensity", "--version", "1").returncode == 0
