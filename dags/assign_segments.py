"""Assign customers to segments when features or models change.

Produces: `ml.score`, `ml.drift_result`, `ml.audit_result`, `segments.membership`, `segments.history`,
`segments.definition`, `ops.published`
Owner: data-eng · When features or models are new
Safe to rerun: yes, membership changes by merge and delete of changed rows only.

The promoted models score every customer, then dbt evaluates the segments (`dbt_project/models/segments/`). Each is
audited for unequal treatment by age and income, and a gate has the last look before anything leaves the house. Then
analysts get the new tables, all at once.

If it fails: see docs/runbooks/assign_segments.md. Nothing is pushed from a half-made membership.
"""

from airflow.sdk import chain, dag

from cohorte.orchestration.assets import FEATURES, MODELS, SEGMENTS
from cohorte.orchestration.defaults import DEFAULTS, Tag
from cohorte.orchestration.tasks import audit, build, gate, publish, score, watch_drift


@dag(schedule=(FEATURES | MODELS), doc_md=__doc__, tags=[Tag.HOURLY, Tag.SEGMENTS], **DEFAULTS)
def assign_segments():
    scored = score.override(task_id="score_customers")()
    chain(
        scored,
        build.override(task_id="build_segments")("segments"),
        audit.override(task_id="audit_segments")(),
        gate.override(task_id="gate_segments", outlets=[SEGMENTS])("segments"),
        publish(),
    )
    scored >> watch_drift()


assign_segments()
