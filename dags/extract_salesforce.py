"""Land what is new in Salesforce: contacts, products, orders, order lines, campaigns and their members.

Produces: `raw.salesforce__*` · Owner: data-eng · Every hour · Safe to rerun: yes, the cursor moves with the data.

The task reads from the last cursor (with an overlap), lands Parquet under `raw/salesforce/` and registers it in the
lake in one transaction. Its asset starts `build_features`.

If it fails: the connection `salesforce_default` and the platform's status come first, see docs/runbooks/extract.md.
The other sources go on without it. To backfill: `cohorte run land salesforce --since 2017-03-01`.
"""

from airflow.sdk import dag

from cohorte.orchestration import tasks
from cohorte.orchestration.assets import landed
from cohorte.orchestration.defaults import DEFAULTS, Tag


@dag(schedule="@hourly", doc_md=__doc__, tags=[Tag.HOURLY, Tag.EXTRACT], **DEFAULTS)
def extract_salesforce():
    tasks.land.override(task_id="land_salesforce", outlets=[landed("salesforce")])("salesforce")


extract_salesforce()
