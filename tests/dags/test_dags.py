"""Every DAG loads, says what it is, and hangs together by assets."""

from itertools import pairwise
from pathlib import Path

import pytest

from cohorte.landing import catalog
from cohorte.settings import Settings

ROOT = Path(__file__).parents[2]
EXPECTED = {f"extract_{name}" for name in catalog.names(Settings())} | {
    "build_features",
    "train_models",
    "assign_segments",
    "activate_segments",
    "maintain_lake",
    "watch_sources",
    "erase_customer",
}


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        patch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        patch.setenv("AIRFLOW__CORE__UNIT_TEST_MODE", "True")
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(dag_folder=str(ROOT / "dags"))
        assert bag.import_errors == {}
        return bag.dags


def test_all_are_there(dags: dict) -> None:
    assert set(dags) == EXPECTED


def test_each_says_what_it_is(dags: dict) -> None:
    for dag_id, dag in dags.items():
        assert dag.doc_md, dag_id
        for word in ("Produces:", "Owner:", "Safe to rerun:", "If it fails:"):
            assert word in dag.doc_md, (dag_id, word)
        assert dag.tags, dag_id
        assert dag.owner == "data-eng", dag_id
        assert not dag.catchup, dag_id
        assert dag.max_active_runs == (16 if dag_id == "activate_segments" else 1), dag_id


def test_each_runbook_is_there(dags: dict) -> None:
    for dag in dags.values():
        name = dag.doc_md.split("docs/runbooks/")[1].split(".md")[0]
        assert (ROOT / "docs" / "runbooks" / f"{name}.md").is_file(), name


def test_assets_carry_an_extract_to_the_platforms(dags: dict) -> None:
    def produced(dag_id: str) -> set[str]:
        return {asset.name for task in dags[dag_id].tasks for asset in task.outlets}

    def awaited(dag_id: str) -> set[str]:
        condition = dags[dag_id].timetable.asset_condition
        return {asset.name for asset in getattr(condition, "objects", [condition])}

    chain = ["extract_salesforce", "build_features", "assign_segments", "activate_segments"]
    for before, after in pairwise(chain):
        assert produced(before) & awaited(after), (before, after)
    assert produced("train_models") & awaited("assign_segments")


def test_what_is_sent_goes_by_the_pool_of_its_connection(dags: dict) -> None:
    from cohorte.orchestration.pools import pools

    dag = dags["activate_segments"]
    for connection, pool in pools().items():
        for task in ("activate", "activate_approved"):
            assert dag.get_task(f"{connection}.{task}").pool == pool
        assert dag.get_task(f"{connection}.ask_if_held").downstream_task_ids == {f"{connection}.activate_approved"}


def test_drift_starts_a_training(dags: dict) -> None:
    from cohorte.orchestration.assets import DRIFT, DRIFTED

    aliases = dags["assign_segments"].get_task("watch_drift").outlets
    assert [alias.name for alias in aliases] == [DRIFTED]
    condition = dags["train_models"].timetable.asset_condition
    assert DRIFT.name in {asset.name for asset in condition.objects}


def test_an_erasure_is_started_by_hand_and_given_no_address(dags: dict) -> None:
    dag = dags["erase_customer"]
    assert not dag.timetable.can_be_scheduled
    assert set(dag.params) == {"customer_id", "email_sha256", "by_hand"}
    dag.params.validate()
    with pytest.raises(ValueError, match="email_sha256"):
        dag.params["email_sha256"] = "ann@example.com"
