"""Two business days of a small company, built by dbt: what `test_segments.py` asks about."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cohorte.lake import Lake
from cohorte.scaffold import new_segment
from cohorte.settings import ROOT, Settings
from cohorte.steps.build import build
from cohorte.steps.journal import journal

FIRST_DAY, SECOND_DAY, THIRD_DAY = "2017-11-30T12:00:00", "2017-12-01T12:00:00", "2017-12-02T12:00:00"
FEATURES = "select customer_id from {{ ref('customer_latest') }} where "
SELECTS = {
    "young": FEATURES + "age between 18 and 35",
    "loyal": FEATURES + "orders_per_month > 2",
    "first_offer": "select customer_id, spend_90d from {{ ref('customer_latest') }} where is_mailable",
    "second_offer": FEATURES + "is_mailable",
    "likely": "select customer_id, score, reasons as reason from {{ source('ml', 'score') }} "
    "where model = 'coupon_propensity' and label = 'high'",
    "clusters": "select 'cluster_' || label as segment, customer_id, score, reasons as reason "
    "from {{ source('ml', 'score') }} where model = 'customer_clusters'",
}
META: dict[str, dict[str, Any]] = {
    "young": {"kind": "rule"},
    "loyal": {"kind": "rule", "exclusions": ["young"]},
    "first_offer": {
        "kind": "rule",
        "columns": ["spend_90d"],
        "priority": {"list": "offers", "rank": 1},
        "limit": {"top": 2, "by": "spend_90d"},
    },
    "second_offer": {
        "kind": "rule",
        "priority": {"list": "offers", "rank": 2},
        "holdout": {"experiment": "spring", "share": 0.5},
    },
    "likely": {"kind": "propensity", "columns": ["score", "reason"]},
    "clusters": {"kind": "cluster", "columns": ["segment", "score", "reason"]},
}
LAYERS = {"staging", "intermediate", "marts", "features"}
SYNC = {
    "destination": "webhook",
    "connection": "webhook_default",
    "audience": "Young",
    "segment": "young",
    "key": "customer_id",
    "guard": {"max_removal_share": 1.0},
}
# customer_id, age, orders_per_month, spend_90d, is_mailable
CUSTOMERS = [
    ("c1", 20, 3.0, 10.0, True),
    ("c2", 30, 1.0, 50.0, True),
    ("c3", 40, 3.0, 40.0, True),
    ("c4", 50, 3.0, 30.0, True),
    ("c5", 60, 1.0, 20.0, True),
    ("c6", 36, 0.0, 90.0, False),
]


def files(selects: Mapping[str, str], meta: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """Definitions as files of dbt_project/models/segments."""
    models = [
        {"name": f"seg_{name}", "description": f"The {name}.", "config": {"meta": {"owner": "crm-team"} | meta[name]}}
        for name in selects
    ]
    written = {f"seg_{name}.sql": f"-- The {name}.\n{select}\n" for name, select in selects.items()}
    return written | {"seg_all.yml": yaml.safe_dump({"models": models})}


@dataclass
class Story:
    """The lake and the project of the company."""

    lake: Lake
    project: Path

    @property
    def folder(self) -> Path:
        return self.project / "models" / "segments"

    def settings(self, day: str) -> Settings:
        return self.lake.settings.model_copy(update={"clock": day})

    def build(self, day: str) -> None:
        settings = self.settings(day)
        with Lake.open(settings) as lake, journal(lake, "build", "segments"):
            build("segments", settings=settings)

    def write(self, definitions: Mapping[str, str]) -> None:
        for name, content in definitions.items():
            (self.folder / name).write_text(content)

    def members(self, segment: str) -> set[str]:
        rows = self.lake.rows("select customer_id from segments.membership where segment = ?", [segment])
        return {customer for (customer,) in rows}

    def load(self, source: str, load_id: str) -> None:
        self.lake.execute(
            "insert into ops.load values (?, ?, 'order', 7, 1, null, null, (now() at time zone 'UTC'))",
            [load_id, source],
        )

    def order(self, customer: str, load_id: str) -> None:
        """One order of a customer, in that load."""
        self.lake.execute(
            "insert into raw.salesforce__order (id, bill_to_contact_id, _load_id) values (?, ?, ?)",
            [f"{customer} {load_id}", customer, load_id],
        )


def copy_project(project: Path) -> None:
    """The dbt project with segments of this story instead of its own, on tables that are there already."""
    shutil.copytree(ROOT / "dbt_project", project, ignore=lambda folder, names: set(names) & LAYERS)
    for model in ("features/customer_latest", "marts/dim_customer"):
        path = project / "models" / f"{model}.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text("{{ config(contract={'enforced': false}) }} select null as customer_id")
    folder = project / "models" / "segments"
    about_others = (project / "models" / "_uses.yml", folder / "_unit_tests.yml")
    for path in (*folder.glob("seg_*"), *about_others):
        path.unlink()
    about = folder / "_segments.yml"
    models = yaml.safe_load(about.read_text())["models"]
    about.write_text(yaml.safe_dump({"models": [m for m in models if not m["name"].startswith("seg_")]}))
    exposure = {"name": "young_to_webhook", "type": "application", "owner": {"name": "CRM"}}
    exposure |= {"depends_on": ["ref('membership')"], "config": {"meta": {"sync": SYNC}}}
    (folder / "_syncs.yml").write_text(yaml.safe_dump({"exposures": [exposure]}))


def plant(lake: Lake) -> None:
    """What the segments are made from."""
    values = ", ".join(map(str, CUSTOMERS))
    lake.execute(f"""create table features.customer_latest as
        select *, 3 as frequency, if(age < 36, '19-35', '36+') as age_band, 'any' as income_band
        from (values {values}) as t(customer_id, age, orders_per_month, spend_90d, is_mailable)""")
    lake.execute("create table marts.dim_customer as select customer_id from features.customer_latest")
    lake.execute("""create table pii.dim_contact as
        select customer_id, if(customer_id in ('c5', 'c6'), 'shared', customer_id) || '@example.com' as email,
            null::varchar as phone_e164
        from marts.dim_customer""")
    lake.execute("""create table intermediate.int_identity__customer as
        select 'salesforce:' || customer_id as record_id, customer_id from marts.dim_customer""")
    lake.execute("""create table marts.fct_identity_event as
        select 'merge' as kind, 'c1' as customer_id, 'c0' as other_customer_id,
            timestamp '2017-11-01' as happened_at""")
    lake.execute("""insert into ml.score values
        ('c1', 'coupon_propensity', '3', 0.8, 'high', '["coupon baskets is 4"]', date '2017-11-30', now()),
        ('c1', 'customer_clusters', '1', 0.9, 'pantry', '["pantry"]', date '2017-11-30', now()),
        ('c2', 'coupon_propensity', '3', 0.3, 'low', '["coupon baskets is 0"]', date '2017-11-30', now())""")


def tell(lake: Lake, project: Path) -> Story:
    """Both days. On the second c4 orders less, c5 more, and who counts as young is another matter."""
    copy_project(project)
    plant(lake)
    story = Story(lake, project)
    story.write(files(SELECTS, META))
    new_segment("fresh_idea", "rule", project.parent)
    new_segment("sure_thing", "propensity", project.parent)
    story.load("salesforce", "20171130T110000")
    story.build(FIRST_DAY)

    story.load("salesforce", "20171201T110000")
    story.order("c5", "20171201T110000")
    story.order("c5", "20171201T110000")
    story.load("salesforce", "20171201T113000")
    story.order("c4", "20171201T113000")
    lake.execute("update features.customer_latest set orders_per_month = 1 where customer_id = 'c4'")
    lake.execute("update features.customer_latest set orders_per_month = 4 where customer_id = 'c5'")
    selects = SELECTS | {
        "young": FEATURES + "age between 18 and 25",
        "loyal": SELECTS["loyal"] + "  -- said in other words\n",
    }
    story.write(files(selects, META))
    story.build(SECOND_DAY)
    return story
