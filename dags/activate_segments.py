"""Keep the marketing platforms in step with the segments.

Produces: API calls, `activation.sync_run`, `activation.delivery`, `activation.acknowledged` · Owner: data-eng
When segments are new · Safe to rerun: yes, only the difference to what the platform acknowledged is sent.

One mapped task a sync; syncs are exposures in `dbt_project/models/segments/_syncs.yml`. One slow or dead platform
delays no other. Removals above a sync's guard, or from an empty segment, are held.

If it fails: see docs/runbooks/activate_segments.md. After a crash at any point the next run converges.
"""

from airflow.sdk import dag

from cohorte.orchestration.assets import AUDIENCES, SEGMENTS
from cohorte.orchestration.defaults import DEFAULTS, Tag
from cohorte.orchestration.tasks import activate, list_syncs


@dag(schedule=SEGMENTS, doc_md=__doc__, tags=[Tag.HOURLY, Tag.ACTIVATION], **DEFAULTS)
def activate_segments():
    activate.override(outlets=[AUDIENCES]).expand(sync=list_syncs())


activate_segments()
