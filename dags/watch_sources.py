"""Notice a source that has gone silent: an extract that is paused, hangs or fails starts nothing that would tell.

Produces: `ops.freshness` · Owner: data-eng · Every hour · Safe to rerun: yes, it only looks.

Each stream's last accepted load is compared with what its `_sources.yml` allows (`freshness`).

If it fails: see docs/runbooks/watch_sources.md. The message names the streams; those marked new were not stale before.
"""

from airflow.sdk import dag

from cohorte.orchestration.defaults import DEFAULTS, Tag
from cohorte.orchestration.tasks import watch


@dag(schedule="@hourly", doc_md=__doc__, tags=[Tag.HOURLY, Tag.EXTRACT], **DEFAULTS)
def watch_sources():
    watch.override(task_id="watch_sources")()


watch_sources()
