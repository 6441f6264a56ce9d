"""Every gate lets good rows pass, refuses bad ones, and says which."""

from collections.abc import Callable

import pytest
from fixtures import BAD, GOOD

from cohorte.lake import Lake
from cohorte.settings import ROOT
from cohorte.steps.gate import GateFailedError, gate, suites

LAYERS = ("staging", "marts", "features", "segments")


def test_every_mart_is_guarded() -> None:
    guarded = {suite.TABLE.split(".")[1] for suite in suites("marts")}
    assert {model.stem for model in (ROOT / "dbt_project" / "models" / "marts").glob("*.sql")} == guarded


def test_every_guarded_table_is_tried() -> None:
    guarded = {suite.TABLE for layer in LAYERS for suite in suites(layer)}
    assert guarded == set(GOOD)
    assert guarded == {table for _, table, *_ in BAD}


@pytest.mark.parametrize("layer", LAYERS)
def test_good_rows_pass(layer: str, good: None, lake: Lake) -> None:
    result = gate(layer, lake=lake)
    assert {finding.gate for finding in result.findings} == {suite.TABLE for suite in suites(layer)}
    assert not result.blocking


@pytest.mark.parametrize(("layer", "table"), sorted({(layer, table) for layer, table, *_ in BAD}))
def test_bad_rows_are_refused_by_name(layer: str, table: str, plant: Callable[[str, str], None], lake: Lake) -> None:
    bad = [(column, value, word) for _, at, column, value, word in BAD if at == table]
    made_bad = "".join(
        f" union all by name select * replace ({value} as {column}) from good where i = 3" for column, value, _ in bad
    )
    good = f"with good as (select *, row_number() over () - 1 as i from ({GOOD[table]}))"
    plant(table, f"{good} select * exclude (i) from (from good where i <> 3{made_bad})")
    with pytest.raises(GateFailedError) as refused:
        gate(layer, lake=lake, tables=[table])
    result, message = refused.value.result, str(refused.value)
    assert result.gate_run_id in message
    for column, _, word in bad:
        found = [str(finding) for finding in result.blocking if finding.column in (column, None)]
        assert any(word in said and table in said and said in message for said in found), (column, word, message)
    stored = "select count(*) from ops.gate_result where gate_run_id = ? and gate = ? and not is_passed"
    assert lake.value(stored, [result.gate_run_id, table]) == len(result.blocking)


def test_personal_data_stays_out_of_the_evidence(plant: Callable[[str, str], None], lake: Lake) -> None:
    plant(
        "pii.stg_salesforce__contact",
        GOOD["pii.stg_salesforce__contact"].replace("'a' || i || '@example.com'", "'secret person'"),
    )
    with pytest.raises(GateFailedError) as refused:
        gate("staging", lake=lake, tables=["pii.stg_salesforce__contact"])
    assert "secret person" not in str(refused.value)
    assert not lake.rows("select 1 from ops.gate_result where unexpected_sample like '%secret person%'")


@pytest.mark.parametrize(
    ("layer", "table"),
    [("features", "features.customer_latest"), ("staging", "staging.stg_google_analytics__user_day")],
)
def test_an_empty_table_does_not_pass(layer: str, table: str, plant: Callable[[str, str], None], lake: Lake) -> None:
    plant(table, f"from ({GOOD[table]}) limit 0")
    with pytest.raises(GateFailedError, match="row_count"):
        gate(layer, lake=lake, tables=[table])


def test_a_source_that_never_landed_is_waited_for(plant: Callable[[str, str], None], lake: Lake) -> None:
    plant("staging.stg_google_analytics__user_day", f"from ({GOOD['staging.stg_google_analytics__user_day']}) limit 0")
    lake.execute("delete from ops.load where source = 'google_analytics'")
    result = gate("staging", lake=lake)
    assert set(result.waiting) == {f"staging.stg_google_analytics__{name}" for name in ("traffic_source", "user_day")}
    looked_at = {finding.gate for finding in result.findings}
    assert looked_at == {suite.TABLE for suite in suites("staging")} - set(result.waiting)


def test_a_table_without_a_gate_cannot_be_asked_for(lake: Lake) -> None:
    with pytest.raises(ValueError, match=r"expectations/marts/ has no gate for marts\.nothing"):
        gate("marts", lake=lake, tables=["marts.nothing"])


def test_a_layer_without_gates_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        suites("nowhere")
