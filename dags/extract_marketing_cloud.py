"""Land what is new in Marketing Cloud: subscribers and what became of e-mails.

Produces: `raw.marketing_cloud__*` · Owner: data-eng · Every hour · Safe to rerun: yes, the cursor moves with the data.

The task reads from the last cursor (with an overlap), lands Parquet under `raw/marketing_cloud/` and registers it
in the lake in one transaction. Its asset starts `build_features`.

If it fails: the connection `marketing_cloud_default` and the platform's status come first, see
docs/runbooks/extract.md; `cohorte doctor marketing_cloud` asks it. The other sources go on without it. To backfill:
`cohorte run land marketing_cloud --since 2017-03-01`.
"""

from airflow.sdk import dag

from cohorte.orchestration import tasks
from cohorte.orchestration.assets import landed
from cohorte.orchestration.defaults import DEFAULTS, Tag


@dag(schedule="@hourly", doc_md=__doc__, tags=[Tag.HOURLY, Tag.EXTRACT], **DEFAULTS)
def extract_marketing_cloud():
    tasks.land.override(task_id="land_marketing_cloud", outlets=[landed("marketing_cloud")])("marketing_cloud")


extract_marketing_cloud()
