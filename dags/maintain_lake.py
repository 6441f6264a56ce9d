"""Keep the lake compact: merge small files, expire old snapshots, remove what killed writers left behind.

Produces: fewer and larger Parquet files · Owner: data-eng · Daily · Safe to rerun: yes, readers never block.

If it fails: see docs/runbooks/maintain_lake.md. Nothing is lost; queries only get slower with time.
"""

from airflow.sdk import dag

from cohorte.orchestration.defaults import DEFAULTS, Tag
from cohorte.orchestration.tasks import maintain


@dag(schedule="@daily", doc_md=__doc__, tags=[Tag.DAILY, Tag.MAINTENANCE], **DEFAULTS)
def maintain_lake():
    maintain.override(task_id="maintain_lake")()


maintain_lake()
