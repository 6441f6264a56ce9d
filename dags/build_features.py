"""Turn raw streams into one trusted row per customer and the features that segments and models use.

Produces: staging, intermediate, marts, `features.customer`, `features.customer_latest` · Owner: data-eng
When any source has landed something · Safe to rerun: yes, incremental by what is new.

One `dbt build` from gate to gate: a gate looks at staging and at the marts before anything is built on them, and at the
features before anything is trained on or pushed from them.

If it fails: see docs/runbooks/build_features.md. A red gate names the expectation, the column and sample rows;
`select * from ops.gate_result where not is_passed order by checked_at desc` has the evidence.
"""

from airflow.sdk import chain, dag

from cohorte.orchestration.assets import FEATURES, anything_landed
from cohorte.orchestration.defaults import DEFAULTS, Tag
from cohorte.orchestration.tasks import build, gate


@dag(schedule=anything_landed(), doc_md=__doc__, tags=[Tag.HOURLY, Tag.BUILD], **DEFAULTS)
def build_features():
    chain(
        build.override(task_id="build_staging")("staging"),
        gate.override(task_id="gate_staging")("staging"),
        build.override(task_id="build_marts")("intermediate", "marts"),
        gate.override(task_id="gate_marts")("marts"),
        build.override(task_id="build_features")("features"),
        gate.override(task_id="gate_features", outlets=[FEATURES])("features"),
    )


build_features()
