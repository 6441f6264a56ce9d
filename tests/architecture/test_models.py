"""Every model of the dbt project with logic of its own has a unit test."""

from pathlib import Path

import yaml

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"
RENAMED = "takes the newest version and renames; stg_salesforce__contact and __order_item are tested for all of these"
BY_PYTEST = "asks dbt's graph for the segments, which a unit test has no say in: tests/unit/segments, tests/contract"
WITHOUT = {
    "stg_google_analytics__report": RENAMED,
    "stg_meta__comment": RENAMED,
    "stg_meta__lead": RENAMED,
    "stg_salesforce__account": RENAMED,
    "stg_salesforce__campaign": RENAMED,
    "stg_salesforce__campaign_member": RENAMED,
    "stg_salesforce__individual": RENAMED,
    "stg_salesforce__opportunity": RENAMED,
    "stg_salesforce__order": RENAMED,
    "stg_salesforce__product": RENAMED,
    "stg_salesforce__return_order_line_item": RENAMED,
    "fct_ad_insight": "casts and nothing else",
    "int_features__as_of": "looks at the history that is there while it is compiled: tests/stack/test_demo.py",
    "candidate": BY_PYTEST,
    "definition": BY_PYTEST,
    "membership": BY_PYTEST,
    "seg_coupon_propensity_low": "as seg_coupon_propensity_high",
    "seg_coupon_propensity_medium": "as seg_coupon_propensity_high",
}


def unit_tests() -> list[dict]:
    return [test for path in MODELS.rglob("*.yml") for test in yaml.safe_load(path.read_text()).get("unit_tests") or ()]


def test_every_model_with_logic_has_a_unit_test() -> None:
    models = {path.stem for path in MODELS.rglob("*.sql")}
    assert models - {test["model"] for test in unit_tests()} == set(WITHOUT)


def test_a_unit_test_expects_rows() -> None:
    assert [test["name"] for test in unit_tests() if not test["expect"]["rows"]] == []
