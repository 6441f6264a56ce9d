"""Land what is new in Google Analytics 4: web activity per user, day, hour, device, city and category.

Produces: `raw.google_analytics__*` · Owner: data-eng · Every hour
Safe to rerun: yes, the cursor moves with the data.

The task reads from the last cursor (with an overlap), lands Parquet under `raw/google_analytics/` and registers it
in the lake in one transaction. Its asset starts `build_features`.

If it fails: the connection `google_analytics_default` and the platform's status come first, see
docs/runbooks/extract.md. The other sources go on without it. To backfill:
`cohorte run land google_analytics --since 2017-03-01`.
"""

from airflow.sdk import dag

from cohorte.orchestration import tasks
from cohorte.orchestration.assets import landed
from cohorte.orchestration.defaults import DEFAULTS, Tag


@dag(schedule="@hourly", doc_md=__doc__, tags=[Tag.HOURLY, Tag.EXTRACT], **DEFAULTS)
def extract_google_analytics():
    tasks.land.override(task_id="land_google_analytics", outlets=[landed("google_analytics")])("google_analytics")


extract_google_analytics()
