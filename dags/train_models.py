"""Train challengers for the customer clusters and the coupon propensity, and promote those that earn it.

Produces: `ml.model_version`, MLflow runs and aliases · Owner: data-science
Daily, and when customers have drifted from what the models know
Safe to rerun: yes, a challenger that is no better is refused with the reason.

Features are read as they were known on past month ends; the newest one is kept for the out-of-time test. A challenger
whose audit finds a breach that nobody has waived (`expectations/waivers.yml`) is refused.

If it fails: see docs/runbooks/train_models.md. Until it is green again the promoted models go on scoring.
"""

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag

from cohorte.orchestration.assets import DRIFT, MODELS
from cohorte.orchestration.defaults import DEFAULTS, Tag
from cohorte.orchestration.tasks import train

DAILY_OR_DRIFT = AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 0 * * *", timezone="UTC"), assets=[DRIFT])


@dag(schedule=DAILY_OR_DRIFT, doc_md=__doc__, tags=[Tag.DAILY, Tag.MODELS], **DEFAULTS)
def train_models():
    train.override(task_id="train_customer_clusters", outlets=[MODELS])("customer_clusters")
    train.override(task_id="train_coupon_propensity", outlets=[MODELS])("coupon_propensity")


train_models()
