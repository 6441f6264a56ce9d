"""Land what is new in Meta: lead-form answers and page comments.

Produces: `raw.meta__*` · Owner: data-eng · Every hour · Safe to rerun: yes, the cursor moves with the data.

The task reads from the last cursor (with an overlap), lands Parquet under `raw/meta/` and registers it in the
lake in one transaction. Its asset starts `build_features`.

If it fails: the connection `meta_default` and the platform's status come first, see docs/runbooks/extract.md.
The other sources go on without it. To backfill: `cohorte run land meta --since 2017-03-01`.
"""

from airflow.sdk import dag

from cohorte.orchestration import tasks
from cohorte.orchestration.assets import landed
from cohorte.orchestration.defaults import DEFAULTS, Tag


@dag(schedule="@hourly", doc_md=__doc__, tags=[Tag.HOURLY, Tag.EXTRACT], **DEFAULTS)
def extract_meta():
    tasks.land.override(task_id="land_meta", outlets=[landed("meta")])("meta")


extract_meta()
