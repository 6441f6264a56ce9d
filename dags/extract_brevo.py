"""Land what is new in Brevo: what became of every letter, and who may still be written to.

Produces: `raw.brevo__*` · Owner: data-eng · Every hour · Safe to rerun: yes, the cursor moves with the data.

The task reads from the last cursor (with an overlap), lands Parquet under `raw/brevo/` and registers it in the
lake in one transaction. Its asset starts `build_features`.

If it fails: the connection `brevo_default` and the platform's status come first, see docs/runbooks/extract.md;
`cohorte doctor brevo` asks it. The other sources go on without it. To backfill:
`cohorte run land brevo --since 2017-03-01`.
"""

from airflow.sdk import dag

from cohorte.orchestration import tasks
from cohorte.orchestration.assets import landed
from cohorte.orchestration.defaults import DEFAULTS, Tag


@dag(schedule="@hourly", doc_md=__doc__, tags=[Tag.HOURLY, Tag.EXTRACT], **DEFAULTS)
def extract_brevo():
    tasks.land.override(task_id="land_brevo", outlets=[landed("brevo")])("brevo")


extract_brevo()
