"""Keep the marketing platforms in step with the segments.

Produces: API calls, `activation.sync_run`, `activation.delivery`, `activation.acknowledged` · Owner: data-eng
When segments are new · Safe to rerun: yes, only the difference to what the platform acknowledged is sent.

One mapped task a sync, a group and a pool a connection; syncs are exposures in `models/segments/_syncs.yml`. One slow
or dead platform delays no other, nor do the questions of one that is held: the next run begins meanwhile, and the pool
keeps two runs of one sync apart. What a guard holds (too many removals, an empty or stale segment, a breach of
fairness) asks a person, under Required Actions; opt-outs go out all the same.

If it fails: see docs/runbooks/activate_segments.md. After a crash at any point the next run converges.
"""

from airflow.sdk import dag, task_group

from cohorte.orchestration.approval import AskAPerson
from cohorte.orchestration.assets import AUDIENCES, SEGMENTS
from cohorte.orchestration.defaults import DEFAULTS, Tag
from cohorte.orchestration.pools import pools
from cohorte.orchestration.tasks import activate, list_syncs


@task_group
def bring_in_step(sync: str, pool: str):
    result = activate.override(pool=pool, outlets=[AUDIENCES])(sync)
    approval = AskAPerson(task_id="ask_if_held", result=result)
    approval >> activate.override(task_id="activate_approved", pool=pool, outlets=[AUDIENCES])(sync, held=result)


@dag(schedule=SEGMENTS, doc_md=__doc__, tags=[Tag.HOURLY, Tag.ACTIVATION], **DEFAULTS | {"max_active_runs": 16})
def activate_segments():
    for connection, pool in pools().items():
        syncs = list_syncs.override(task_id=f"list_{connection}")(connection)
        bring_in_step.override(group_id=connection).partial(pool=pool).expand(sync=syncs)


activate_segments()
