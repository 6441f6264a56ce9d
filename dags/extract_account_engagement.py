"""Land what is new in Account Engagement (Pardot): what became of every letter, and who may still be written to.

Produces: `raw.account_engagement__*` · Owner: data-eng · Every hour · Safe to rerun: yes, the cursor moves with the
data.

The task reads from the last cursor (with an overlap), lands Parquet under `raw/account_engagement/` and registers it in
the lake in one transaction, at a call a thousand records and at least seven an hour. Its asset starts
`build_features`.

If it fails: the connection `account_engagement_default` and the platform's status come first, see
docs/runbooks/extract.md; `cohorte doctor account_engagement` asks it. The other sources go on without it. When the
day's calls are spent (code 122), the next run after midnight goes on. To backfill:
`cohorte run land account_engagement --since 2017-03-01`.
"""

from airflow.sdk import dag

from cohorte.orchestration import tasks
from cohorte.orchestration.assets import landed
from cohorte.orchestration.defaults import DEFAULTS, Tag


@dag(schedule="@hourly", doc_md=__doc__, tags=[Tag.HOURLY, Tag.EXTRACT], **DEFAULTS)
def extract_account_engagement():
    tasks.land.override(task_id="land_account_engagement", outlets=[landed("account_engagement")])("account_engagement")


extract_account_engagement()
